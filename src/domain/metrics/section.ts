import { OrdersyncError } from '../../errors.ts';
import type { Param, ReportColumn, ReportFile } from '../reports/report-file.ts';
import type { SectionResult } from '../reports/run.ts';
import type { Family, Sample } from './family.ts';
import { sample } from './family.ts';
import { conversionOf } from './names.ts';

interface Figure {
  readonly column: string;
  readonly family: Family;
  readonly convert: (value: unknown) => unknown;
}

/** What a section with a line `-- metrics:` says to Prometheus: its figures, its yes and no, and its times. */
export interface MetricSection {
  readonly file: ReportFile;
  readonly labels: readonly string[];
  readonly figures: readonly Figure[];
}

/** @throws OrdersyncError `usage` when a label is no column, or would carry a text of a statement or personal data */
export function metricSection(file: ReportFile): MetricSection | undefined {
  const { metrics } = file;
  if (metrics === undefined) return undefined;
  for (const label of metrics.labels) requireLabel(file, label);
  const shown = file.columns.filter((column) => !metrics.labels.includes(column.name) && isFigure(column));
  const figures = shown.map((column) => {
    const { name, type, convert } = conversionOf(metrics.prefix, column);
    return { column: column.name, family: { name, type, help: helpOf(file, column), labels: metrics.labels }, convert };
  });
  return { file, labels: metrics.labels, figures };
}

export interface SectionSamples {
  readonly samples: readonly Sample[];
  /** Rows left out because their labels do not tell them from another one, which would spoil the whole answer. */
  readonly repeated: number;
}

export function samplesOf({ labels, figures }: MetricSection, { rows }: Pick<SectionResult, 'rows'>): SectionSamples {
  const seen = new Set<string>();
  const samples = rows.flatMap(({ values }) => {
    const own = labels.map((label) => textOf(values[label]));
    const identity = JSON.stringify(own);
    if (seen.has(identity)) return [];
    seen.add(identity);
    return figures.flatMap(({ column, family, convert }) => sample(family, convert(values[column]), own) ?? []);
  });
  return { samples, repeated: rows.length - seen.size };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The values that the section's command has without options. */
export function defaultValues({ params }: ReportFile): Readonly<Record<string, unknown>> {
  return Object.fromEntries(params.map((param) => [param.name, defaultValue(param)]));
}

function defaultValue({ type, default: value }: Param): unknown {
  if (type === 'boolean') return false;
  if (type === 'text[]') return [];
  if (value === undefined) return null;
  return type === 'text' ? value : Number(value);
}

function requireLabel({ path, columns }: ReportFile, label: string): void {
  const column = columns.find(({ name }) => name === label);
  if (column?.type === 'text' && column.role === 'label' && !column.flags.some(isPrivate)) return;
  throw new OrdersyncError('usage', `${path}: "${label}" cannot be a label of metrics`, {
    hint: 'a label is a column of type text and role label, without the flags sql and pii',
  });
}

function isPrivate(flag: string): boolean {
  return flag === 'sql' || flag === 'pii';
}

function isFigure({ type, role }: ReportColumn): boolean {
  return role !== 'label' || type === 'boolean' || type === 'timestamp with time zone';
}

function helpOf({ title }: ReportFile, { name, help }: ReportColumn): string {
  return `${title}: ${help ?? name.replaceAll('_', ' ').replace(/ (?:ms|bytes|ratio)$/, '')}`;
}
