/** When a job is to run, as cron writes it: which minutes of which hours of which days. Sorted. */
export interface CronExpression {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  /** 0 is Sunday. */
  readonly weekdays: readonly number[];
  /** With neither field given as `*`, a day is meant that fits either of them; otherwise it has to fit both. */
  readonly eitherDay: boolean;
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const WEEKDAYS = 'sun mon tue wed thu fri sat'.split(' ');

const MACROS: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

/**
 * Reads the five fields as Vixie's cron and pg_cron do: numbers, names, ranges, lists, steps, and the words from @hourly to
 * @yearly. Undefined for anything else, such as pg_cron's "30 seconds".
 */
export function parseCron(text: string): CronExpression | undefined {
  const fields = (MACROS[text.trim().toLowerCase()] ?? text).trim().split(/\s+/);
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  const minutes = parseField(minute, { first: 0, last: 59 });
  const hours = parseField(hour, { first: 0, last: 23 });
  const days = parseField(day, { first: 1, last: 31 });
  const months = parseField(month, { first: 1, last: 12, names: MONTHS });
  const weekdays = parseField(weekday, { first: 0, last: 7, names: WEEKDAYS });
  if (fields.length !== 5 || !minutes || !hours || !days || !months || !weekdays) return undefined;
  return {
    minutes,
    hours,
    days,
    months,
    weekdays: distinct(weekdays.map((number) => number % 7)), // 7 is Sunday too
    eitherDay: !day.startsWith('*') && !weekday.startsWith('*'),
  };
}

interface Field {
  readonly first: number;
  readonly last: number;
  /** Stand for the numbers from `first` on. */
  readonly names?: readonly string[];
}

function parseField(text: string, field: Field): readonly number[] | undefined {
  const parts = text.split(',').map((part) => parsePart(part, field));
  return parts.every((part) => part !== undefined) ? distinct(parts.flat()) : undefined;
}

/** `*`, `5`, `1-5`, each with a step: `*`+`/2`, `1-31/10`. A number alone takes no step. */
function parsePart(text: string, field: Field): readonly number[] | undefined {
  const [, star, from = '', to, step = '1'] = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/([1-9]\d*))?$/.exec(text) ?? [];
  const first = star === undefined ? numberOf(from, field) : field.first;
  const last = star === undefined ? numberOf(to ?? from, field) : field.last;
  if (first === undefined || last === undefined || first > last) return undefined;
  if (star === undefined && to === undefined && text.includes('/')) return undefined;
  return range(first, last, Number(step));
}

function numberOf(text: string, { first, last, names = [] }: Field): number | undefined {
  const name = names.indexOf(text.toLowerCase());
  if (name >= 0) return first + name;
  const number = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return number >= first && number <= last ? number : undefined;
}

function range(first: number, last: number, step: number): number[] {
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
}

function distinct(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].toSorted((a, b) => a - b);
}
