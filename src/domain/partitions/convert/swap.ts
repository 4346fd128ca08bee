import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../../db/identifiers.ts';
import type { Source } from './queries.ts';

/** Names that a conversion gives, and the range of what is there now. ISO instants. */
export interface ConversionNames {
  readonly table: string;
  readonly legacy: string;
  readonly constraint: string;
  readonly key: string;
  readonly primaryKey: readonly string[];
  readonly from: string;
  readonly to: string;
}

const LONGEST_NAME = 63;

/** A name with an ending, cut where PostgreSQL would cut the ending off. */
export function withEnding(name: string, ending: string): string {
  return `${name.slice(0, LONGEST_NAME - ending.length)}${ending}`;
}

/**
 * The statements of the swap, for one transaction: the table becomes a partition of a new one of its name, with all that
 * belonged to it. Every index, key and constraint is adopted as it is; no row is read or moved.
 */
export function swapStatements(source: Source, names: ConversionNames): readonly string[] {
  const table = quoteQualified({ schema: source.schema, name: names.table });
  const legacy = quoteQualified({ schema: source.schema, name: names.legacy });
  return [
    ...lockStatements(source, table),
    `alter table ${table} rename to ${quoteIdentifier(names.legacy)}`,
    ...source.indexes.map(
      ({ name }) =>
        `alter index ${quoteQualified({ schema: source.schema, name })} rename to ${quoteIdentifier(withEnding(name, '_legacy'))}`,
    ),
    ...legacyKey(source, names, legacy),
    // The parent's row triggers come to every partition; with its own it would fire each of them twice.
    ...source.triggers
      .filter(({ perRow }) => perRow)
      .map(({ name }) => `drop trigger ${quoteIdentifier(name)} on ${legacy}`),
    `create table ${table} (like ${legacy} including all excluding indexes excluding constraints) partition by range (created_at)`,
    ...parentParts(source, names, table),
    `alter table ${table} attach partition ${legacy} for values from (${quoteLiteral(names.from)}) to (${quoteLiteral(names.to)})`,
    ...catchAll(source, names, 'underflow'),
    ...catchAll(source, names, 'overflow'),
    `select public.align_month_partition(${quoteLiteral(table)}, ${quoteLiteral(legacy)})`,
    ...source.sequences.map(
      ({ name, column }) => `alter sequence ${name} owned by ${table}.${quoteIdentifier(column)}`,
    ),
  ];
}

/** All at once, at the strength they need: ATTACH drops triggers of foreign keys that become one with the parent's. */
function lockStatements({ references }: Source, table: string): string[] {
  return [...references, table].map((name) => `lock table ${name} in access exclusive mode`);
}

function legacyKey({ primaryKey }: Source, names: ConversionNames, legacy: string): string[] {
  if (primaryKey === null) return [];
  const old = quoteIdentifier(primaryKey.name);
  const renamed = quoteIdentifier(withEnding(primaryKey.name, '_legacy'));
  if (primaryKey.columns.includes('created_at'))
    return [`alter table ${legacy} rename constraint ${old} to ${renamed}`];
  const key = quoteIdentifier(names.key);
  return [`alter table ${legacy} drop constraint ${old}, add constraint ${renamed} primary key using index ${key}`];
}

function parentParts(source: Source, names: ConversionNames, table: string): string[] {
  const { primaryKey, checks, foreignKeys, indexes, triggers, policies, grants } = source;
  const add = (name: string, definition: string): string =>
    `alter table ${table} add constraint ${quoteIdentifier(name)} ${definition}`;
  const keyColumns = names.primaryKey.map(quoteIdentifier).join(', ');
  return [
    `alter table ${table} owner to ${source.owner}`,
    ...(source.comment === null ? [] : [`comment on table ${table} is ${quoteLiteral(source.comment)}`]),
    ...(primaryKey === null ? [] : [add(primaryKey.name, `primary key (${keyColumns})`)]),
    ...checks.filter(({ name }) => name !== names.constraint).map(({ name, definition }) => add(name, definition)),
    ...foreignKeys.map(({ name, definition }) => add(name, definition)),
    ...indexes.map(({ definition }) => definition),
    ...triggers.flatMap(({ name, definition, enabled }) => [definition, ...triggerState(table, name, enabled)]),
    ...(source.rowSecurity ? [`alter table ${table} enable row level security`] : []),
    ...(source.forcedRowSecurity ? [`alter table ${table} force row level security`] : []),
    ...policies.map(({ name, definition }) => `create policy ${quoteIdentifier(name)} on ${table} ${definition}`),
    ...grants.map(({ name, definition }) => `grant ${definition} on ${table} to ${name}`),
  ];
}

function triggerState(table: string, name: string, enabled: string): string[] {
  const words: Readonly<Record<string, string>> = { A: 'enable always', R: 'enable replica', D: 'disable' };
  const state = words[enabled];
  return state === undefined ? [] : [`alter table ${table} ${state} trigger ${quoteIdentifier(name)}`];
}

function catchAll(source: Source, names: ConversionNames, kind: 'underflow' | 'overflow'): string[] {
  const table = quoteQualified({ schema: source.schema, name: names.table });
  const name = quoteQualified({ schema: source.schema, name: withEnding(names.table, `_${kind}`) });
  const [from, to] = kind === 'underflow' ? ['-infinity', names.from] : [names.to, 'infinity'];
  return [
    `create table ${name} (like ${table} including all)`,
    `alter table ${name} owner to ${source.owner}`,
    `select public.attach_month_partition(${quoteLiteral(table)}, ${quoteLiteral(name)}, ${quoteLiteral(from)}, ${quoteLiteral(to)})`,
  ];
}
