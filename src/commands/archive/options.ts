import { option } from '../../cli/options.ts';
import type { OptionDef, Values } from '../../cli/options.ts';
import type { StoreRequest } from '../../context.ts';
import { ARCHIVED_TABLE_NAMES } from '../../domain/archive/plan/tables.ts';
import { OrdersyncError } from '../../errors.ts';

/** An age as it was typed: the unit may stand in a word of its own, as in `--older-than 6 months`. */
export interface Age {
  readonly count: number;
  readonly unit: AgeUnit | undefined;
}

const AGE_UNITS = ['month', 'months', 'year', 'years'] as const;
export type AgeUnit = (typeof AGE_UNITS)[number];

const MOST_MONTHS = 1200;

export const TABLE_OPTION: OptionDef<readonly string[]> = {
  ...option.texts(`only this table; may be repeated. Default: ${ARCHIVED_TABLE_NAMES.join(', ')}`, {
    placeholder: 'name',
  }),
  parse: parseTable,
};

/** Where archives go; without --to the configured store. */
export const STORE_OPTIONS = {
  to: option.text('the store: a directory, or s3://bucket/prefix', { placeholder: 'url' }),
  endpoint: option.text('of a store that speaks the protocol of S3', { placeholder: 'url' }),
  objectLockMode: option.choice(['governance', 'compliance'], 'how S3 is to refuse the removal of what is uploaded'),
  retainUntil: {
    ...option.text('until when it refuses', { placeholder: 'time' }),
    default: undefined,
    parse: parseInstant,
  } as OptionDef<Date | undefined>,
};

/** @throws OrdersyncError `usage` for half an object lock */
export function storeRequestOf({
  to,
  endpoint,
  objectLockMode: mode,
  retainUntil,
}: Values<typeof STORE_OPTIONS>): StoreRequest {
  if ((mode === undefined) !== (retainUntil === undefined)) {
    throw new OrdersyncError('usage', '--object-lock-mode and --retain-until go together');
  }
  const objectLock = mode === undefined || retainUntil === undefined ? undefined : { mode, retainUntil };
  return { to, endpoint, objectLock };
}

export const AGE_OPTION: OptionDef<Age | undefined> = {
  ...option.text('months of which every row is older, such as 6 months or 2 years', { placeholder: 'age' }),
  default: undefined,
  parse: parseAge,
  describeDefault: '6 months',
};

export const AGE_ARGUMENT = option.choice(AGE_UNITS, 'the unit of --older-than, when it stands apart from its number');

/** @throws OrdersyncError `usage` for a number without a unit, or a unit without a number */
export function monthsOf(age: Age | undefined, unit: AgeUnit | undefined): number {
  if (age === undefined) {
    if (unit === undefined) return 6;
    throw new OrdersyncError('usage', `"${unit}" is the unit of nothing; write --older-than 6 ${unit}`);
  }
  const written = age.unit ?? unit;
  if (written === undefined || (age.unit !== undefined && unit !== undefined)) {
    throw new OrdersyncError('usage', `"${age.count}" is not an age; write it with one unit, such as 6 months`);
  }
  const months = written.startsWith('year') ? age.count * 12 : age.count;
  if (months >= 1 && months <= MOST_MONTHS) return months;
  throw new OrdersyncError('usage', `--older-than takes 1 month to ${MOST_MONTHS / 12} years`);
}

function parseInstant(text: string): Date {
  const at = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?Z)?$/.test(text) ? new Date(text) : undefined;
  if (at !== undefined && !Number.isNaN(at.getTime())) return at;
  throw new OrdersyncError('usage', `"${text}" is not a time; write it as 2033-12-31 or 2033-12-31T00:00:00Z`);
}

function parseAge(text: string): Age {
  const [, count, unit] = /^(\d{1,5}) ?(months?|years?)?$/.exec(text) ?? [];
  if (count === undefined) {
    throw new OrdersyncError('usage', `"${text}" is not an age; write it as 6 months or 2 years`);
  }
  return { count: Number(count), unit: AGE_UNITS.find((known) => known === unit) };
}

function parseTable(text: string): string {
  if (ARCHIVED_TABLE_NAMES.includes(text)) return text;
  throw new OrdersyncError('usage', `"${text}" is not archived; there are ${ARCHIVED_TABLE_NAMES.join(', ')}`);
}
