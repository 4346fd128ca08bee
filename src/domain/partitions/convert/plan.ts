import { parseQualifiedName, quoteIdentifier, quoteLiteral, quoteQualified } from '../../../db/identifiers.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { TableLocks } from '../locks.ts';
import { locks } from '../locks.ts';
import { monthOf, monthsLater, startOf } from '../month.ts';
import { readAttachment } from '../detach/queries.ts';
import type { Source } from './queries.ts';
import { readProgress, readSource } from './queries.ts';
import { refuseUnconvertible } from './refuse.ts';
import type { ConversionNames } from './swap.ts';
import { swapStatements, withEnding } from './swap.ts';

export interface ConvertStep {
  readonly what: string;
  readonly statements: readonly string[];
  /** Whether its statements are one transaction; otherwise each stands for itself. */
  readonly transaction: boolean;
  readonly locks: readonly TableLocks[];
}

export interface ConvertPlan {
  readonly table: string;
  readonly names: ConversionNames;
  /** Undone steps in their order; none when the table is partitioned already. */
  readonly steps: readonly ConvertStep[];
}

const DAY_MS = 86_400_000;
/** Rows of the time after `to` are refused while the constraint is there, so the conversion gets at least a week. */
const DAYS_TO_CONVERT = 7;
/** Nothing in a shop is older; an INSERT of something older fails only while the conversion is under way. */
const FROM = '1970-01-01 00:00:00+00';

/**
 * How a live table becomes a partitioned one, by what is there already: interrupted anywhere, the next plan goes on. Reads
 * the catalogue only.
 * @throws OrdersyncError `precondition` with every reason why it cannot be
 */
export async function planConvert({ sql }: Session, name: string, now: number): Promise<ConvertPlan> {
  const { schema = 'public', name: table } = parseQualifiedName(name);
  const quoted = quoteQualified({ schema, name: table });
  const source = await readSource(sql, quoted);
  if (source === undefined) throw new OrdersyncError('precondition', `there is no table ${name}`);
  const names = namesFor(source, now);
  if (source.kind === 'p') return { table: quoted, names, steps: [] };
  if (!source.owned) {
    throw new OrdersyncError('permission', `${name} does not belong to this user`, {
      hint: 'connect as the owner of the table, or as a member of the owning role',
    });
  }
  const taken: string[] = [];
  for (const other of [names.legacy, withEnding(table, '_underflow'), withEnding(table, '_overflow')]) {
    if ((await readAttachment(sql, { schema, name: other })) !== 'absent') taken.push(other);
  }
  refuseUnconvertible(source, { taken });
  const progress = await readProgress(sql, { table: quoted, constraint: names.constraint, index: names.key });
  return stepsOf(source, names, progress, now);
}

function namesFor({ name, primaryKey }: Source, now: number): ConversionNames {
  const columns = primaryKey?.columns ?? [];
  const end = monthsLater(monthOf(now + DAYS_TO_CONVERT * DAY_MS), 1);
  return {
    table: name,
    legacy: withEnding(name, '_legacy'),
    constraint: `ck_convert_${name}`.slice(0, 63),
    key: withEnding(name, '_convert_key'),
    primaryKey: columns.includes('created_at') ? columns : [...columns, 'created_at'],
    from: FROM,
    to: `${end}-01 00:00:00+00`,
  };
}

type Progress = Awaited<ReturnType<typeof readProgress>>;

function stepsOf(source: Source, wanted: ConversionNames, progress: Progress, now: number): ConvertPlan {
  const table = quoteQualified({ schema: source.schema, name: source.name });
  const began = progress.constraint === null ? undefined : upperBound(progress.constraint.definition);
  const stale = began !== undefined && Date.parse(began.replace(/\+00$/, 'Z')) < now + DAY_MS;
  const names = began === undefined || stale ? wanted : { ...wanted, to: began };
  const steps = [
    ...constraintSteps(table, names, { constraint: progress.constraint, stale }),
    ...(source.timeNotNull ? [] : [notNullStep(table)]),
    ...keySteps(table, names, { source, index: progress.index }),
    {
      what: `the swap: ${source.name} becomes a partition of a new table of its name`,
      statements: swapStatements(source, names),
      transaction: true,
      locks: locks([['ACCESS EXCLUSIVE', [table, ...source.references]]]),
    },
  ];
  return { table, names, steps };
}

/** @param stale it was made so long ago that its bound is near: made again with a later one */
function constraintSteps(
  table: string,
  { constraint: name, from, to }: ConversionNames,
  { constraint, stale }: { readonly constraint: Progress['constraint']; readonly stale: boolean },
): ConvertStep[] {
  const check = quoteIdentifier(name);
  const range = `created_at is not null and created_at >= ${quoteLiteral(from)} and created_at < ${quoteLiteral(to)}`;
  const add = {
    what: `say which times the table holds, unchecked; until the swap, INSERTs from ${to} on are refused`,
    statements: [
      ...(stale ? [`alter table ${table} drop constraint ${check}`] : []),
      `alter table ${table} add constraint ${check} check (${range}) not valid`,
    ],
    transaction: true,
    locks: locks([['ACCESS EXCLUSIVE', [table]]]),
  };
  const validate = {
    what: 'check it against every row',
    statements: [`alter table ${table} validate constraint ${check}`],
    transaction: false,
    locks: locks([['SHARE UPDATE EXCLUSIVE', [table]]]),
  };
  if (constraint === null || stale) return [add, validate];
  return constraint.valid ? [] : [validate];
}

function notNullStep(table: string): ConvertStep {
  return {
    what: 'created_at becomes NOT NULL, proven by the constraint',
    statements: [`alter table ${table} alter column created_at set not null`],
    transaction: true,
    locks: locks([['ACCESS EXCLUSIVE', [table]]]),
  };
}

/** An interrupted CREATE INDEX CONCURRENTLY leaves an invalid index, which is made again. */
function keySteps(
  table: string,
  names: ConversionNames,
  { source, index }: { readonly source: Source; readonly index: Progress['index'] },
): ConvertStep[] {
  const { schema, primaryKey } = source;
  if (primaryKey === null || primaryKey.columns.includes('created_at') || index === 'valid') return [];
  const columns = names.primaryKey.map(quoteIdentifier).join(', ');
  const drop = `drop index concurrently ${quoteQualified({ schema, name: names.key })}`;
  const create = `create unique index concurrently ${quoteIdentifier(names.key)} on ${table} (${columns})`;
  return [
    {
      what: 'the index of the new primary key',
      statements: [...(index === 'invalid' ? [drop] : []), create],
      transaction: false,
      locks: locks([['SHARE UPDATE EXCLUSIVE', [table]]]),
    },
  ];
}

/** The bound that an earlier run has chosen: the last time in its constraint. */
function upperBound(definition: string): string | undefined {
  const found = [...definition.matchAll(/'(\d{4}-\d\d-01 00:00:00\+00)'/g)].at(-1)?.[1];
  return found !== undefined && startOf(monthOf(Date.parse(found.replace('+00', 'Z')))) > 0 ? found : undefined;
}
