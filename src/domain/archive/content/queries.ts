import { quoteIdentifier, quoteLiteral, quoteQualified, type QualifiedName } from '../../../db/identifiers.ts';
import type { Session, Sql } from '../../../db/session.ts';
import { runText, simpleTexts, type TextRow } from '../../../db/text.ts';
import type { ArchiveColumn, ArchiveSource } from './content.ts';

/** Columns of a table, enums and domains followed to a type of the core. */
export async function readTableColumns(sql: Sql, table: QualifiedName): Promise<ArchiveColumn[]> {
  const rows = await sql<ArchiveColumn[]>`
    with recursive resolved as (
      select attnum, attname, attnotnull, atttypid as type, atttypmod as modifier
        from pg_catalog.pg_attribute
       where attrelid = ${quoteQualified(table)}::regclass and attnum > 0 and not attisdropped
      union all
      select attnum, attname, attnotnull, base.typbasetype, base.typtypmod
        from resolved
        join pg_catalog.pg_type base on base.oid = resolved.type
       where base.typtype = 'd'
    )
    select attname as name,
           case kind.typtype
             when 'e' then 'text'
             else pg_catalog.format_type(kind.oid, resolved.modifier)
           end as type,
           case kind.typtype when 'e' then 'text'::regtype::oid else kind.oid end::integer as oid,
           not attnotnull as nullable
      from resolved
      join pg_catalog.pg_type kind on kind.oid = resolved.type
     where kind.typtype <> 'd'
     order by attnum`;
  return rows.map(({ name, type, oid, nullable }) => ({ name, type, oid, nullable }));
}

export interface LeafRow extends TextRow {
  /** Start of the hour in seconds of Unix time; null for the one leaf of a source without time. */
  readonly hour: string | null;
  readonly rows: string;
  readonly digest: string;
  /** Microseconds of Unix time. */
  readonly first: string | null;
  readonly last: string | null;
}

export interface KeyIdRow extends TextRow {
  readonly kid: string;
  readonly values: string;
}

/** The leaves of a source, digested by the server. */
export async function readLeaves(session: Session, source: ArchiveSource): Promise<readonly LeafRow[]> {
  const time = source.timeColumn === undefined ? undefined : columnOf(source.timeColumn);
  const order = source.orderedBy.map((_, index) => `order_${index}`).join(', ');
  return runText<LeafRow>(
    session,
    `with digests as materialized (
       select sha256(${recordOf(source)}) as digest,
              ${time === undefined ? 'null::timestamptz' : time} as moment,
              ${source.orderedBy.map((name, index) => `${columnOf(name)} as order_${index}`).join(', ')}
         ${source.from}
     ), leaves as (
       select ${time === undefined ? 'null::timestamptz' : `date_trunc('hour', moment, 'UTC')`} as hour,
              count(*) as rows,
              encode(sha256(string_agg(digest, ''::bytea order by ${order})), 'hex') as digest,
              min(moment) as first,
              max(moment) as last
         from digests
        group by 1
     )
     select extract(epoch from hour)::text as hour, rows::text, digest,
            trim_scale(extract(epoch from first) * 1000000)::text as first,
            trim_scale(extract(epoch from last) * 1000000)::text as last
       from leaves
      where rows > 0
      order by leaves.hour`,
  );
}

/** Values of the source's encrypted columns by the kid that they carry. */
export async function readKeyIds(
  session: Session,
  source: ArchiveSource,
  encrypted: readonly string[],
): Promise<readonly KeyIdRow[]> {
  if (encrypted.length === 0) return [];
  return runText<KeyIdRow>(
    session,
    `select substr(value, 5, 8) as kid, count(*)::text as "values"
       from (select ${encrypted.map(columnOf).join(', ')} ${source.from}) kept (${encrypted.map((_, index) => `value_${index}`).join(', ')})
      cross join lateral (values ${encrypted.map((_, index) => `(value_${index}::text)`).join(', ')}) each (value)
      where substr(value, 1, 12) ~ '^os1_[A-Za-z0-9_-]{8}$'
      group by 1
      order by 1`,
  );
}

/**
 * Each row as the bytes that are digested, in the order of the archive. The server puts them together: that costs it less
 * than this process would need for it, and there is nothing else to read in the stream.
 */
export function copyRecords(source: ArchiveSource): string {
  const order = source.orderedBy.map(columnOf).join(', ');
  return `copy (select ${recordOf(source)} ${source.from} order by ${order}) to stdout (format binary)`;
}

/** Begins a transaction that sees what the exporter of the snapshot sees. Nothing may have been read in it before. */
export async function beginExport(session: Session, snapshot: string | undefined): Promise<void> {
  const adopt = snapshot === undefined ? [] : [`set transaction snapshot ${quoteLiteral(snapshot)}`];
  await simpleTexts(session, [
    'begin isolation level repeatable read, read only',
    ...adopt,
    'set local row_security = off',
    'set local statement_timeout = 0',
    'set local idle_in_transaction_session_timeout = 0',
    "set local work_mem = '64MB'",
  ]);
}

function recordOf({ columns }: ArchiveSource): string {
  return `record_send(row(${columns.map(({ name, type }) => `${columnOf(name)}::${type}`).join(', ')}))`;
}

function columnOf(name: string): string {
  return `source.${quoteIdentifier(name)}`;
}
