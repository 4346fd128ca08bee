import { settingError } from './setting-error.ts';

/** A setting as text, and who gave it. An empty text means "libpq's default", whatever a lower layer says. */
export interface Value {
  readonly value: string;
  readonly origin: string;
}

export type Values = ReadonlyMap<string, Value>;

/** One of a closed list of words. */
export function choiceOf<const Choice extends string>(
  values: Values,
  keyword: string,
  choices: readonly Choice[],
  fallback: NoInfer<Choice>,
): Choice {
  const given = values.get(keyword);
  if (!given?.value) return fallback;
  const found = choices.find((choice) => choice === given.value);
  if (found !== undefined) return found;
  throw settingError(given.origin, `${keyword} is not one of its words`, `accepted: ${choices.join(', ')}`);
}

export function integerOf(values: Values, keyword: string, fallback: number): number {
  const given = values.get(keyword);
  if (!given?.value) return fallback;
  if (/^\s*-?\d{1,9}\s*$/.test(given.value)) return Number(given.value);
  throw settingError(given.origin, `${keyword} is not a whole number`);
}
