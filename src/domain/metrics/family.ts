/** One metric: what `# HELP` and `# TYPE` say of it, and the labels that its samples have. */
export interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly labels: readonly string[];
}

export interface Sample {
  readonly family: Family;
  /** In the order of the family's labels. */
  readonly labels: readonly string[];
  /** As it is written: a whole number of any size keeps all its digits. */
  readonly value: string;
}

/** @param value a number, a whole number as text, or true and false; undefined when it is no finite number */
export function sample(family: Family, value: unknown, labels: readonly string[] = []): Sample | undefined {
  const text = numberText(value);
  return text === undefined ? undefined : { family, labels, value: text };
}

/** The same as a list: empty when the value is no number. */
export function samples(family: Family, value: unknown, labels: readonly string[] = []): Sample[] {
  const made = sample(family, value, labels);
  return made === undefined ? [] : [made];
}

function numberText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'boolean':
      return value ? '1' : '0';
    case 'number':
      return Number.isFinite(value) ? String(value) : undefined;
    case 'bigint':
      return String(value);
    case 'string':
      // int8 and numeric come as text, because a number of JavaScript loses digits beyond 2^53.
      return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(value) ? value : undefined;
    default:
      return undefined;
  }
}
