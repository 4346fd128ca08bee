/** How people read figures. Machine-readable formats never pass through here. */

// PostgreSQL's own steps and spelling (pg_size_pretty): 1024, and kB with a small k.
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const;
const STEP = 1024;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Bytes with a unit in steps of 1024: `512 B`, `1.2 GB`, `340 MB`. */
export function humanBytes(bytes: number | bigint): string {
  let value = Math.abs(Number(bytes));
  let unit = 0;
  // 1023.95 and more would print as 1024: it belongs to the next unit.
  while (value >= STEP - 0.5 && unit < BYTE_UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  const digits = unit === 0 ? String(Math.round(value)) : threeDigits(value);
  return `${bytes < 0 ? '-' : ''}${digits} ${BYTE_UNITS[unit] ?? ''}`;
}

/** A duration in milliseconds: `0.45 ms`, `12.3 ms`, `1.50 s`, `2 min 05 s`, `3 h 12 min`, `4 d 3 h`. */
export function humanMs(ms: number): string {
  if (ms < 0) return `-${humanMs(-ms)}`;
  if (ms === 0) return '0 ms';
  if (ms < 0.005) return '<0.01 ms';
  if (ms < SECOND - 0.5) return `${ms < 10 ? ms.toFixed(2) : threeDigits(ms)} ms`;
  if (ms < MINUTE - 50) return `${ms < 10 * SECOND - 5 ? (ms / SECOND).toFixed(2) : (ms / SECOND).toFixed(1)} s`;
  return humanLong(ms);
}

/** A coarse duration for what is only estimated: whole seconds, then `2 min 05 s`, `3 h 12 min`. */
export function humanEstimate(ms: number): string {
  const seconds = Math.ceil(ms / SECOND);
  return seconds < 60 ? `${seconds} s` : humanLong(seconds * SECOND);
}

function humanLong(ms: number): string {
  const rounded = Math.round(ms / SECOND) * SECOND;
  if (rounded < HOUR) return pair(rounded, MINUTE, 'min', SECOND, 's');
  if (rounded < DAY) return pair(rounded, HOUR, 'h', MINUTE, 'min');
  return pair(rounded, DAY, 'd', HOUR, 'h');
}

function pair(ms: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = String(Math.floor((ms % large) / small));
  return `${Math.floor(ms / large)} ${largeUnit} ${smallUnit === 'h' ? rest : rest.padStart(2, '0')} ${smallUnit}`;
}

/** A count with separators: `1,234,567`. */
export function humanCount(count: number | bigint): string {
  const text = String(typeof count === 'number' ? Math.round(count) : count);
  return text.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Something per second, without the "/s": `4,000`, `0.3`, and `12.3 MB` for bytes. */
export function humanRate(perSecond: number, unit: string): string {
  if (unit === 'bytes') return humanBytes(perSecond);
  return perSecond < 10 ? perSecond.toFixed(1) : humanCount(perSecond);
}

/** A ratio as percent. 100.0 % and 0.0 % are kept for exactly that, so that "nearly all" never reads as "all". */
export function humanRatio(ratio: number): string {
  const percent = ratio * 100;
  if (ratio > 0 && percent < 0.05) return '<0.1 %';
  if (ratio < 1 && percent >= 99.95) return '99.9 %';
  return `${percent.toFixed(1)} %`;
}

/** A plain number, to three decimals or three significant digits, whichever shows more. */
export function humanNumber(value: number): string {
  const rounded = Math.abs(value) < 0.01 ? value.toPrecision(3) : value.toFixed(3);
  return String(Number(rounded));
}

/** An instant for people, always UTC and saying so: `2026-11-05 12:34:56Z`. Takes ISO 8601 text in UTC. */
export function humanTime(iso: string): string {
  return iso.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/, '$1 $2Z');
}

function threeDigits(value: number): string {
  return value < 99.95 ? value.toFixed(1) : String(Math.round(value));
}
