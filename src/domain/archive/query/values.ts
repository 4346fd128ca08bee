import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';

/** A value as reports carry it: whole numbers of any size stay exact, whatever has no such form is text. */
export type QueryCell = string | number | bigint | boolean | null;

export type QueryColumnType = 'integer' | 'number' | 'boolean' | 'time' | 'text';

const INTEGERS = /^U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?$|^BIGNUM$/;

/** @param type as DuckDB writes it */
export function columnTypeOf(type: DuckDBType): QueryColumnType {
  const name = type.toString();
  if (INTEGERS.test(name)) return 'integer';
  if (name === 'FLOAT' || name === 'DOUBLE') return 'number';
  if (name === 'BOOLEAN') return 'boolean';
  return name === 'TIMESTAMP WITH TIME ZONE' ? 'time' : 'text';
}

export function cellOf(value: DuckDBValue): QueryCell {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return value;
  // JSON has no word for infinity, and would say null.
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'object' && value.constructor.name === 'DuckDBTimestampTZValue' && 'micros' in value) {
    return instantOf(value.micros);
  }
  return String(value);
}

/** DuckDB's own infinities: the largest 64-bit number, and its negative. */
const INFINITY_MICROS = 2n ** 63n - 1n;
const MICROS_PER_SECOND = 1_000_000n;

/** ISO 8601 in UTC with all six digits, which no Date holds. */
function instantOf(micros: bigint): string {
  if (micros === INFINITY_MICROS) return 'infinity';
  if (micros === -INFINITY_MICROS) return '-infinity';
  const fraction = ((micros % MICROS_PER_SECOND) + MICROS_PER_SECOND) % MICROS_PER_SECOND;
  const seconds = (micros - fraction) / MICROS_PER_SECOND;
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return `${micros} microseconds since 1970`;
  return date.toISOString().replace('.000Z', `.${String(fraction).padStart(6, '0')}Z`);
}
