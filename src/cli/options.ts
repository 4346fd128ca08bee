import { OrdersyncError } from '../errors.ts';

/** One option or argument as data: what it is called for people, and how its text becomes a value. */
export interface OptionDef<T = unknown> {
  readonly summary: string;
  /** Undefined for a flag, which takes no value. */
  readonly placeholder: string | undefined;
  readonly parse: (text: string) => unknown;
  readonly choices?: readonly string[];
  readonly required: boolean;
  readonly repeatable: boolean;
  readonly default: T | undefined;
  /** The default as help shows it; undefined when help should not mention one. */
  readonly describeDefault?: string;
  readonly short?: string;
}

export type OptionSet = Readonly<Record<string, OptionDef>>;
export type Values<O extends OptionSet> = { readonly [K in keyof O]: O[K] extends OptionDef<infer T> ? T : never };

interface Settings<T> {
  readonly required?: boolean;
  readonly default?: T;
  readonly placeholder?: string;
  readonly short?: string;
}
type Value<T, S> = S extends { required: true } | { default: unknown } ? T : T | undefined;

/** Option kinds. A value that does not parse is a usage error naming the option (added by the caller) and the form. */
export const option = {
  flag: (summary: string, settings: { readonly short?: string } = {}): OptionDef<boolean> => ({
    ...define(summary, settings, () => true),
    placeholder: undefined,
    default: false,
  }),
  text: <const S extends Settings<string>>(summary: string, settings?: S): OptionDef<Value<string, S>> =>
    define(summary, { placeholder: 'text', ...settings }, nonEmpty),
  texts: (summary: string, settings: Settings<readonly string[]> = {}): OptionDef<readonly string[]> => ({
    ...define<readonly string[]>(summary, { placeholder: 'text', ...settings }, nonEmpty),
    repeatable: true,
    default: settings.default ?? [],
  }),
  integer: <const S extends Settings<number> & { readonly min?: number; readonly max?: number }>(
    summary: string,
    settings?: S,
  ): OptionDef<Value<number, S>> =>
    define(summary, { placeholder: 'n', ...settings }, (text) => parseInteger(text, settings?.min, settings?.max)),
  duration: <const S extends Settings<number>>(summary: string, settings?: S): OptionDef<Value<number, S>> =>
    define(summary, { placeholder: 'duration', ...settings }, parseDuration, (ms) => describeDuration(Number(ms))),
  bytes: <const S extends Settings<number>>(summary: string, settings?: S): OptionDef<Value<number, S>> =>
    define(summary, { placeholder: 'size', ...settings }, parseBytes, (bytes) => describeBytes(Number(bytes))),
  number: <const S extends Settings<number>>(summary: string, settings?: S): OptionDef<Value<number, S>> =>
    define(summary, { placeholder: 'x', ...settings }, parseNumber),
  ratio: <const S extends Settings<number>>(summary: string, settings?: S): OptionDef<Value<number, S>> =>
    define(
      summary,
      { placeholder: 'percent', ...settings },
      parseRatio,
      (ratio) => `${Number((Number(ratio) * 100).toFixed(4))}%`,
    ),
  choice: <const C extends string, const S extends Settings<C>>(
    choices: readonly C[],
    summary: string,
    settings?: S,
  ): OptionDef<Value<C, S>> => ({
    ...define<Value<C, S>>(summary, { placeholder: choices.join('|'), ...settings }, (text) =>
      parseChoice(text, choices),
    ),
    choices,
  }),
};

function define<T>(
  summary: string,
  settings: Settings<unknown>,
  parse: (text: string) => unknown,
  describe: (value: unknown) => string = String,
): OptionDef<T> {
  return {
    summary,
    placeholder: settings.placeholder,
    parse,
    required: settings.required ?? false,
    repeatable: false,
    default: settings.default as T | undefined, // the caller's Settings<T> has checked it
    ...(settings.default === undefined ? {} : { describeDefault: describe(settings.default) }),
    ...(settings.short === undefined ? {} : { short: settings.short }),
  };
}

function nonEmpty(text: string): string {
  if (text.trim() === '') throw new OrdersyncError('usage', 'the value is empty');
  return text;
}

function parseInteger(text: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    const bound = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new OrdersyncError('usage', `"${text}" is not a whole number ${bound}`);
  }
  return value;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** "250ms", "5s", "2m", "1h30m", "1d" → milliseconds. A bare number is refused: nobody knows its unit. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|min|s|m|h|d)/g)];
  const complete = parts.length > 0 && parts.map((part) => part[0]).join('') === text;
  if (!complete && text !== '0') {
    throw new OrdersyncError(
      'usage',
      `"${text}" is not a duration; write it with its unit, such as 250ms, 5s, 2m or 1h30m`,
    );
  }
  return Math.round(parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS[unit ?? ''] ?? 0), 0));
}

/** The inverse of parseDuration for whole units: 5000 → "5s". */
export function describeDuration(ms: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find((name) => ms !== 0 && ms % (UNIT_MS[name] ?? 1) === 0) ?? 'ms';
  return `${ms / (UNIT_MS[unit] ?? 1)}${unit}`;
}

/** As PostgreSQL writes them: powers of 1024, and kB with a small k. */
const UNIT_BYTES: Readonly<Record<string, number>> = { B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** "512kB", "20MB", "1.5GB" → bytes. A bare number is refused: nobody knows its unit. */
function parseBytes(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?(B|kB|MB|GB|TB)$/.exec(text) ?? [];
  const bytes = Math.round(Number(amount) * (UNIT_BYTES[unit ?? ''] ?? 0));
  if (bytes > 0 && Number.isSafeInteger(bytes)) return bytes;
  throw new OrdersyncError('usage', `"${text}" is not a size; write it with its unit, such as 512kB, 20MB or 1.5GB`);
}

/** The inverse of parseBytes for whole units: 10485760 → "10MB". */
function describeBytes(bytes: number): string {
  const units = Object.entries(UNIT_BYTES).toReversed();
  const [unit, factor] = units.find(([, factor]) => bytes % factor === 0) ?? ['B', 1];
  return `${bytes / factor}${unit}`;
}

function parseNumber(text: string): number {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new OrdersyncError('usage', `"${text}" is not a number of at least 0`);
}

/** "95%" → 0.95. A bare number is refused: 0.95 and 95 could both be meant. */
function parseRatio(text: string): number {
  const [, percent] = /^(\d+(?:\.\d+)?) ?%$/.exec(text) ?? [];
  if (percent !== undefined && Number(percent) <= 100) return Number(percent) / 100;
  throw new OrdersyncError('usage', `"${text}" is not a share from 0% to 100%; write it with its sign, such as 95%`);
}

function parseChoice<C extends string>(text: string, choices: readonly C[]): C {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw new OrdersyncError('usage', `"${text}" is not one of ${choices.join(', ')}`);
  return found;
}
