import type { Sql } from '../../db/session.ts';

/** A CHECK constraint by which the server refuses values under retired keys. */
export interface RetiredConstraint {
  readonly name: string;
  /** The server has looked at every row, of every partition. */
  readonly validated: boolean;
  /** What the column must not name; null for a constraint of this name that something else wrote. */
  readonly keyIds: readonly string[] | null;
  readonly kids: readonly string[] | null;
}

/** Those of the given names on one table, of a partitioned table its own. */
export function readRetiredConstraints(
  sql: Sql,
  table: string,
  names: readonly string[],
): Promise<RetiredConstraint[]> {
  return sql<RetiredConstraint[]>`
    select held.conname as "name",
           held.convalidated
             and not exists (
               select
                 from pg_partition_tree(held.conrelid) part
                where part.relid <> held.conrelid
                  and not exists (
                        select
                          from pg_catalog.pg_constraint copy
                         where copy.conrelid = part.relid and copy.conname = held.conname and copy.convalidated))
             as "validated",
           lists.found[1]::text[] as "keyIds",
           lists.found[2]::text[] as "kids"
      from pg_catalog.pg_constraint held
     cross join lateral (
             -- As pg_get_constraintdef writes them: … <> ALL ('{pii-v1,pii-v2}'::text[]) …
             select array(
               select list[1]
                 from regexp_matches(pg_get_constraintdef(held.oid), '''([{][^'']*[}])''::text[[][]]', 'g')
                      with ordinality matched (list, position)
                order by position)) lists (found)
     where held.conrelid = pg_catalog.to_regclass(pg_catalog.format('public.%I', ${table}::text))
       and held.contype = 'c'
       and held.conname = any (${names}::text[])`;
}

export interface ConstraintToAdd {
  readonly name: string;
  readonly value: string;
  readonly key: string;
}

/**
 * The statement that adds constraints to a table, NOT VALID: they hold for every write from then on, and no row is read.
 * Both the key column and the kid inside the value must not name a retired key. Constraints of these names that are there
 * and hold less are replaced.
 */
export async function writeAddConstraints(
  sql: Sql,
  request: {
    readonly table: string;
    readonly constraints: readonly ConstraintToAdd[];
    readonly drop: readonly string[];
    readonly keyIds: readonly string[];
    readonly kids: readonly string[];
  },
): Promise<string> {
  const { table, constraints, drop, keyIds, kids } = request;
  const [row] = await sql<{ statement: string }[]>`
    select pg_catalog.format('alter table public.%I %s', ${table}::text, string_agg(clause, ', ' order by position))
             as statement
      from (
        select 1 as position, pg_catalog.format('drop constraint %I', name) as clause
          from unnest(${drop}::text[]) dropped (name)
        union all
        select 2,
               pg_catalog.format(
                 'add constraint %I check (%I <> all (%L::text[]) and substr(%I, 5, 8) <> all (%L::text[])) not valid',
                 name, key_column, (${keyIds}::text[])::text, value_column, (${kids}::text[])::text)
          from unnest(
                 ${constraints.map(({ name }) => name)}::text[],
                 ${constraints.map(({ key }) => key)}::text[],
                 ${constraints.map(({ value }) => value)}::text[]) added (name, key_column, value_column)
      ) clauses`;
  return row?.statement ?? '';
}

/**
 * Statements that validate constraints, each in one pass over one relation: first partition by partition, each of which is
 * locked against VACUUM only as long as its own pass takes, then the table itself, which then has nothing left to read.
 */
export async function writeValidations(
  sql: Sql,
  { table, names }: { readonly table: string; readonly names: readonly string[] },
): Promise<{ relation: string; statement: string }[]> {
  return sql<{ relation: string; statement: string }[]>`
    with root as (
      select pg_catalog.to_regclass(pg_catalog.format('public.%I', ${table}::text)) as oid
    ), relations as (
      select part.relid as oid, 0 as position
        from root cross join lateral pg_partition_tree(root.oid) part
       where part.isleaf and part.relid <> root.oid
      union all
      select root.oid, 1 from root
    )
    select relation.relname as relation,
           pg_catalog.format('alter table %I.%I %s', namespace.nspname, relation.relname, clauses.text) as statement
      from relations
      join pg_catalog.pg_class relation on relation.oid = relations.oid
      join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
     cross join lateral (
             select string_agg(pg_catalog.format('validate constraint %I', held.conname), ', ' order by held.conname)
               from pg_catalog.pg_constraint held
              where held.conrelid = relation.oid and held.conname = any (${names}::text[]) and not held.convalidated
           ) clauses (text)
     where clauses.text is not null
     order by relations.position, relation.relname`;
}

/** The statement that drops constraints of a table. */
export async function writeDropConstraints(
  sql: Sql,
  { table, names }: { readonly table: string; readonly names: readonly string[] },
): Promise<string> {
  const [row] = await sql<{ statement: string }[]>`
    select pg_catalog.format('alter table public.%I %s', ${table}::text,
                             string_agg(pg_catalog.format('drop constraint if exists %I', name), ', ')) as statement
      from unnest(${names}::text[]) dropped (name)`;
  return row?.statement ?? '';
}

/** The statement that gives a constraint another name. */
export async function writeRenameConstraint(
  sql: Sql,
  { table, from, to }: { readonly table: string; readonly from: string; readonly to: string },
): Promise<string> {
  const [row] = await sql<{ statement: string }[]>`
    select pg_catalog.format('alter table public.%I rename constraint %I to %I', ${table}::text, ${from}::text,
                             ${to}::text) as statement`;
  return row?.statement ?? '';
}

/** Of these tables, those that this role may not alter. */
export async function readForeignTables(sql: Sql, tables: readonly string[]): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select relname as name
      from pg_catalog.pg_class
     where relnamespace = 'public'::regnamespace
       and relname = any (${tables}::text[])
       and not pg_has_role(relowner, 'usage')
     order by relname`;
  return rows.map(({ name }) => name);
}
