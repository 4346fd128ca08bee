import { quoteIdentifier, quoteQualified } from '../../db/identifiers.ts';
import type { Session, Sql } from '../../db/session.ts';
import { runText } from '../../db/text.ts';
import type { EncryptedTable } from '../encryption/registry.ts';
import { NO_ADDRESS } from '../encryption/registry.ts';

/** How many values of one column look alike, judged by their first characters; nothing is decrypted. */
export interface UsageRow {
  /** Which pair of the table, from 0. */
  readonly position: number;
  readonly kind: 'value' | 'unknown_key' | 'not_ours' | 'none';
  /** Of kind `value`. */
  readonly kid: string | null;
  /** What the key column says, where it is the name of a key. */
  readonly keyId: string | null;
  /** Of kind `unknown_key`: one of the kids. */
  readonly example: string | null;
  readonly values: number;
}

/** All pairs of a table in one pass over it. Text that is no ciphertext never leaves the server. */
export async function readUsage(
  session: Pick<Session, 'sql'>,
  table: EncryptedTable,
  known: { readonly kids: readonly string[]; readonly keyIds: readonly string[] },
): Promise<UsageRow[]> {
  const pairs = table.pairs.map(
    ({ value, key, mayBeNone }, position) =>
      `(${position}, ${quoteIdentifier(value)}, ${quoteIdentifier(key)}::text, ${mayBeNone})`,
  );
  return (await runText(
    session,
    `
    select judged.position,
           judged.kind,
           case when judged.kind = 'value' then judged.kid end as "kid",
           case when judged.key_id = any ($2::text[]) then judged.key_id end as "keyId",
           min(judged.kid) filter (where judged.kind = 'unknown_key') as "example",
           count(*)::double precision as "values"
      from (
        select pair.position,
               pair.key_id,
               substr(pair.value, 5, 8) as kid,
               case
                 when pair.may_be_none and pair.value = $3 and pair.key_id = $3 then 'none'
                 when left(pair.value, 4) <> 'os1_' then 'not_ours'
                 when substr(pair.value, 5, 8) = any ($1::text[]) then 'value'
                 else 'unknown_key'
               end as kind
          from ${quoteQualified({ schema: 'public', name: table.name })} encrypted
         cross join lateral (values ${pairs.join(', ')}) pair (position, value, key_id, may_be_none)
         where pair.value is not null
      ) judged
     group by 1, 2, 3, 4
     order by 1, 2, 3, 4`,
    [known.kids, known.keyIds, NO_ADDRESS],
  )) as unknown as UsageRow[]; // the columns of the statement above
}

/** How many values of each column of a table archive rewrap may have encrypted under a key; none before migration 038. */
export async function readRewrapEncryptions(sql: Sql): Promise<{ kid: string; table: string; values: number }[]> {
  const [row] = await sql<{ there: boolean }[]>`
    select to_regclass('public.archive_rewrap_encryptions') is not null as there`;
  if (row?.there !== true) return [];
  return sql<{ kid: string; table: string; values: number }[]>`
    select kid, source_table as "table", most_values::double precision as "values"
      from public.archive_rewrap_encryptions`;
}

/**
 * Inserts and updates of each table since the statistics were reset, partitions added up: more encryptions than that
 * have not happened since.
 */
export function readWrites(sql: Sql, tables: readonly string[]): Promise<{ name: string; writes: number }[]> {
  return sql<{ name: string; writes: number }[]>`
    select root.relname as name,
           sum(written.n_tup_ins + written.n_tup_upd)::double precision as writes
      from pg_catalog.pg_stat_all_tables written
      join pg_catalog.pg_class root on root.oid = coalesce(pg_partition_root(written.relid), written.relid)
     where root.relnamespace = 'public'::regnamespace
       and root.relname = any (${tables}::text[])
     group by root.relname`;
}
