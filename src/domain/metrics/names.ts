import type { ReportColumn } from '../reports/report-file.ts';

/** How a figure of a report becomes one of Prometheus: base units, `_total` behind counters. */
export interface Conversion {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly convert: (value: unknown) => unknown;
}

/**
 * `ordersync_cache_hits_total` of the counter `hits` in a section with the prefix `cache`. A word that prefix and column
 * share is said once: connections by state are `ordersync_connections`.
 */
export function conversionOf(prefix: string, column: ReportColumn): Conversion {
  const type = column.role === 'counter' ? 'counter' : 'gauge';
  const { suffix, convert } = unitOf(column);
  const stem = stemOf(column.name, type);
  const words = [...joined(prefix, stem === suffix ? '' : stem), ...(suffix === '' ? [] : [suffix])];
  return { name: ['ordersync', ...words, ...(type === 'counter' ? ['total'] : [])].join('_'), type, convert };
}

function unitOf({ type, unit }: ReportColumn): { suffix: string; convert: Conversion['convert'] } {
  if (unit === 'ms') return { suffix: 'seconds', convert: seconds };
  if (unit !== undefined) return { suffix: unit, convert: unchanged };
  if (type === 'timestamp with time zone') return { suffix: 'timestamp_seconds', convert: epoch };
  return { suffix: '', convert: unchanged };
}

/** Without the unit, which is said at the end, and without `total` where that is said too. */
function stemOf(name: string, type: Conversion['type']): string {
  const stem = name.replace(/_(?:ms|bytes|ratio)$/, '');
  return type === 'counter' ? stem.replace(/^total(?:_|$)/, '') : stem;
}

function joined(prefix: string, stem: string): string[] {
  if (stem === '' || prefix === stem || prefix.endsWith(`_${stem}`)) return [prefix];
  if (stem.startsWith(`${prefix}_`)) return [stem];
  return [prefix, stem];
}

function seconds(value: unknown): unknown {
  return value === null ? null : Number(value) / 1000;
}

function unchanged(value: unknown): unknown {
  return value;
}

/** Times come as ISO text in UTC; infinity is no time. */
function epoch(value: unknown): unknown {
  if (typeof value !== 'string') return null;
  const at = Date.parse(value.replace(' ', 'T').replace(/\+00$/, 'Z'));
  return Number.isNaN(at) ? null : at / 1000;
}
