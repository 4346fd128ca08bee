import type { QualifiedName } from '../../../db/identifiers.ts';
import { quoteQualified } from '../../../db/identifiers.ts';
import type { Session, Sql } from '../../../db/session.ts';
import { identifier, runText } from '../../../db/text.ts';
import type { KeyType } from '../../encryption/registry.ts';
import type { Part } from './sources.ts';

/** Types of keys whose values are being re-encrypted now. */
export async function readRotatingTypes(sql: Sql): Promise<readonly KeyType[]> {
  const rows = await sql<{ type: KeyType }[]>`
    select key_type as type from public.key_rotation_runs where status = 'RUNNING' order by 1`;
  return rows.map(({ type }) => type);
}

/** Months before an instant in which a table without partitions has rows. One probe of the index for each. */
export async function readMonths(sql: Sql, table: QualifiedName, before: string): Promise<readonly string[]> {
  const name = identifier(sql, table);
  const rows = await sql<{ month: string }[]>`
    with recursive months (start) as (
      select date_trunc('month', min(created_at), 'UTC') from ${name} where isfinite(created_at)
      union all
      select (select date_trunc('month', min(created_at), 'UTC')
                from ${name}
               where created_at >= months.start + interval '1 month' and created_at < 'infinity')
        from months
       where months.start is not null
    )
    select to_char(start at time zone 'UTC', 'YYYY-MM') as month
      from months
     where start < ${before}::text::timestamptz
     order by start`;
  return rows.map(({ month }) => month);
}

/** Whether there is any row of a part. */
export async function holdsAny(session: Session, { from }: Pick<Part, 'from'>): Promise<boolean> {
  const [row] = await runText<{ found: boolean }>(session, `select exists (select ${from}) as found`);
  return row?.found === true;
}

export async function countRows(session: Session, { from }: Pick<Part, 'from'>): Promise<number> {
  const [row] = await runText<{ rows: number }>(session, `select count(*)::float8 as rows ${from}`);
  return row?.rows ?? 0;
}

/** Rows of a part with a UUIDv7 `id` by the month in it; those without a month in it under null. */
export async function countByIdMonth(
  session: Session,
  { from }: Pick<Part, 'from'>,
): Promise<readonly { readonly month: string | null; readonly rows: number }[]> {
  return runText<{ month: string | null; rows: number }>(
    session,
    `select case when get_byte(uuid_send(source.id), 6) >> 4 = 7
              then to_char(public.uuid_v7_timestamp(source.id) at time zone 'UTC', 'YYYY-MM') end as month,
            count(*)::float8 as rows
       ${from}
      group by 1
      order by 1`,
  );
}

export interface Holder extends QualifiedName {
  readonly schema: string;
  readonly attached: boolean;
  readonly pending: boolean;
}

/** The table of an oid that was noted before, when it is still called so or `…_detached`. */
export async function readHolder(sql: Sql, oid: string, name: string): Promise<Holder | undefined> {
  const [row] = await sql<Holder[]>`
    select namespace.nspname as schema,
           relation.relname as name,
           inherits.inhrelid is not null as attached,
           coalesce(inherits.inhdetachpending, false) as pending
      from pg_catalog.pg_class relation
      join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
      left join pg_catalog.pg_inherits inherits on inherits.inhrelid = relation.oid
     where relation.oid = ${oid}::text::oid
       and relation.relname in (${name}, left(${name}, 54) || '_detached')`;
  return row;
}

/** A month that was detached before: a table that stands alone under the name of its partition. */
export async function readDetachedMonth(
  sql: Sql,
  name: QualifiedName,
): Promise<(QualifiedName & { readonly oid: string }) | undefined> {
  const [row] = await sql<{ oid: string }[]>`
    select relation.oid::text as oid
      from pg_catalog.pg_class relation
     where relation.oid = to_regclass(${quoteQualified(name)}) and relation.relkind = 'r' and not relation.relispartition`;
  return row && { ...name, oid: row.oid };
}

/** @param name qualified and quoted */
export async function readOwner(sql: Sql, name: string): Promise<string> {
  const [row] = await sql<{ owner: string }[]>`
    select pg_get_userbyid(relowner) as owner from pg_catalog.pg_class where oid = to_regclass(${name})`;
  return row?.owner ?? '';
}
