import type { Sql } from '../../../db/session.ts';
import { identifier } from '../../../db/text.ts';

/** What this role lacks on one leaf: a partition, or a plain table. */
export interface LeafRights {
  readonly table: string;
  readonly leaf: string;
  readonly readable: boolean;
  /** Row security of the leaf itself would hide rows; the parent's policies do not reach a leaf that is addressed. */
  readonly filtered: boolean;
  /** Columns that it may not update. */
  readonly closed: readonly string[];
}

/** @param columns the pair columns: registered table and column, side by side */
export function readLeafRights(
  sql: Sql,
  columns: { readonly tables: readonly string[]; readonly names: readonly string[] },
): Promise<LeafRights[]> {
  return sql<LeafRights[]>`
    select need.root as "table",
           leaf.relname as leaf,
           has_table_privilege(leaf.oid, 'select') as readable,
           row_security_active(leaf.oid) as filtered,
           array_agg(need.name order by attribute.attnum)
             filter (where not has_column_privilege(leaf.oid, attribute.attnum, 'update')) as closed
      from unnest(${columns.tables}::text[], ${columns.names}::text[]) need (root, name)
     cross join lateral (${leavesOf(sql, 'root')}) tree
      join pg_catalog.pg_class leaf on leaf.oid = tree.relid
      join pg_catalog.pg_attribute attribute on attribute.attrelid = leaf.oid and attribute.attname = need.name
     group by need.root, leaf.oid, leaf.relname
    having not has_table_privilege(leaf.oid, 'select')
        or row_security_active(leaf.oid)
        or bool_or(not has_column_privilege(leaf.oid, attribute.attnum, 'update'))
     order by need.root, leaf.relname`.then((rows) => rows.map((row) => ({ ...row, closed: row.closed ?? [] })));
}

/** Membership that the guard of the audit logs asks for; superusers are members of everything. */
export async function mayPassAuditGuard(sql: Sql): Promise<boolean> {
  const rows = await sql`
    select from pg_catalog.pg_roles where rolname = 'ordersync_rotator' and pg_has_role(oid, 'usage')`;
  return rows.length === 1;
}

/** A trigger that an UPDATE of the pair columns of a leaf would fire. */
export interface UpdateTrigger {
  readonly table: string;
  readonly leaf: string;
  readonly trigger: string;
  readonly function: string;
  readonly perRow: boolean;
  readonly condition: boolean;
}

/**
 * Enabled ones of the leaves; row triggers of a partitioned table are cloned to them, its statement triggers are not
 * asked when a leaf is addressed. Foreign keys are no triggers here: the pair columns are in none.
 */
export function readUpdateTriggers(
  sql: Sql,
  columns: { readonly tables: readonly string[]; readonly names: readonly string[] },
): Promise<UpdateTrigger[]> {
  return sql<UpdateTrigger[]>`
    select distinct need.root as "table",
           leaf.relname as leaf,
           trigger.tgname as trigger,
           procedure.proname as function,
           trigger.tgtype & 1 = 1 as "perRow",
           trigger.tgqual is not null as condition
      from unnest(${columns.tables}::text[], ${columns.names}::text[]) need (root, name)
     cross join lateral (${leavesOf(sql, 'root')}) tree
      join pg_catalog.pg_class leaf on leaf.oid = tree.relid
      join pg_catalog.pg_attribute attribute on attribute.attrelid = leaf.oid and attribute.attname = need.name
      join pg_catalog.pg_trigger trigger on trigger.tgrelid = leaf.oid
      join pg_catalog.pg_proc procedure on procedure.oid = trigger.tgfoid
     where trigger.tgtype & 16 = 16
       and trigger.tgenabled in ('O', 'A')
       and (not trigger.tgisinternal or trigger.tgparentid <> 0 and trigger.tgconstraint = 0)
       and (cardinality(trigger.tgattr::int2[]) = 0 or attribute.attnum = any (trigger.tgattr::int2[]))
     order by 1, 2, 3`;
}

/** Something that keeps the server from removing old row versions, and so from updating in place. */
export interface SnapshotHolder {
  readonly kind: 'session' | 'prepared transaction' | 'replication slot' | 'standby';
  readonly name: string;
  readonly application: string | null;
  readonly user: string | null;
  /** Undefined for slots and standbys, which do not tell. */
  readonly ageMs: number | null;
  /** Transactions begun since. */
  readonly transactions: number;
}

/** Oldest first. A slot or a standby counts when it is more than a thousand transactions behind. */
export function readSnapshotHolders(sql: Sql, olderThanMs: number): Promise<SnapshotHolder[]> {
  return sql<SnapshotHolder[]>`
    select kind, name, application, "user", "ageMs", transactions
      from (
        select 'session' as kind, pid::text as name, application_name as application, usename::text as "user",
               (extract(epoch from clock_timestamp() - xact_start) * 1000)::double precision as "ageMs",
               age(backend_xmin)::double precision as transactions
          from pg_catalog.pg_stat_activity
         where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
           and backend_xmin is not null
           and xact_start <= clock_timestamp() - make_interval(secs => ${olderThanMs / 1000}::double precision)
        union all
        select 'prepared transaction', gid, null, owner::text,
               (extract(epoch from clock_timestamp() - prepared) * 1000)::double precision,
               age(transaction)::double precision
          from pg_catalog.pg_prepared_xacts
         where database = current_database()
        union all
        select 'replication slot', slot_name::text, null, null, null, age(xmin)::double precision
          from pg_catalog.pg_replication_slots
         where xmin is not null and age(xmin) > 1000
        union all
        select 'standby', coalesce(host(client_addr), pid::text), application_name, usename::text, null,
               age(backend_xmin)::double precision
          from pg_catalog.pg_stat_replication
         where backend_xmin is not null and age(backend_xmin) > 1000
      ) holder
     order by transactions desc, name`;
}

/** Without it, snapshots of other roles do not show. */
export async function maySeeActivity(sql: Sql): Promise<boolean> {
  const rows = await sql`
    select from pg_catalog.pg_roles where rolname = 'pg_read_all_stats' and pg_has_role(oid, 'usage')`;
  return rows.length === 1;
}

/** Size of a table with its partitions, as the statistics know it. */
export interface TableSize {
  readonly table: string;
  /** Null when a part of it was never analysed. */
  readonly rows: number | null;
  readonly heapBytes: number;
  readonly indexBytes: number;
}

export function readTableSizes(sql: Sql, tables: readonly string[]): Promise<TableSize[]> {
  return sql<TableSize[]>`
    select need.name as "table",
           case when bool_or(leaf.reltuples < 0 and pg_relation_size(leaf.oid) > 0) then null
                else sum(greatest(leaf.reltuples, 0))::double precision end as rows,
           sum(pg_table_size(leaf.oid))::double precision as "heapBytes",
           sum(pg_indexes_size(leaf.oid))::double precision as "indexBytes"
      from unnest(${tables}::text[]) with ordinality need (name, position)
     cross join lateral (${leavesOf(sql, 'name')}) tree
      join pg_catalog.pg_class leaf on leaf.oid = tree.relid
     group by need.name, need.position
     order by need.position`;
}

/** The partitions of a table of schema public, or the table itself: a plain one is in no partition tree. */
function leavesOf(sql: Sql, column: 'name' | 'root') {
  const table = sql`pg_catalog.to_regclass(pg_catalog.format('public.%I', need.${identifier(sql, column)}))`;
  return sql`
    select partition.relid from pg_partition_tree(${table}) partition where partition.isleaf
    union all
    select oid from pg_catalog.pg_class where oid = ${table} and relkind = 'r'`;
}

/** Which of these relations of schema public are there. */
export async function readPresent(sql: Sql, names: readonly string[]): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select relname as name
      from pg_catalog.pg_class
     where relnamespace = 'public'::regnamespace and relname = any (${names}::text[])`;
  return rows.map(({ name }) => name);
}
