import { quoteIdentifier } from '../../../db/identifiers.ts';
import type { Session } from '../../../db/session.ts';
import { runText } from '../../../db/text.ts';
import type { EncryptedTable } from '../../encryption/registry.ts';
import { NO_ADDRESS } from '../../encryption/registry.ts';
import { IS_PLAINTEXT, pairRows, sampledRows } from '../../encryption/sampled-pairs-queries.ts';

export type PairFault = 'plaintext' | 'half_pair' | 'unknown_key' | 'key_mismatch';

export interface PairCount {
  /** Which pair of the table, from 0. */
  readonly position: number;
  /** Null for values that are as they should be. */
  readonly fault: PairFault | null;
  readonly values: number;
  /** Of up to three rows: the primary key `id`, and what the values are bound to. */
  readonly ids: readonly string[];
  readonly rowIds: readonly string[];
}

/** A table, and which share of it to look at; 1 for all. */
export interface SampledTable {
  readonly table: EncryptedTable;
  readonly share: number;
}

/** Judges each pair of the sampled rows by its form. No value leaves the server. */
export async function countPairs(
  session: Pick<Session, 'sql'>,
  { table, share }: SampledTable,
  keys: { readonly kids: readonly string[]; readonly keyIds: readonly string[] },
): Promise<PairCount[]> {
  return (await runText(
    session,
    `
    select judged.position,
           judged.fault,
           count(*)::double precision as "values",
           (array_agg(judged.id) filter (where judged.fault is not null))[1:3] as "ids",
           (array_agg(judged.row_id) filter (where judged.fault is not null))[1:3] as "rowIds"
      from (
        select pair.position,
               encrypted.id::text as id,
               encrypted.${quoteIdentifier(table.idColumn)}::text as row_id,
               case
                 when (pair.value is null) <> (pair.key_id is null) then 'half_pair'
                 when pair.may_be_none and (pair.value = $3) <> (pair.key_id = $3) then 'half_pair'
                 when pair.may_be_none and pair.value = $3 then null
                 when ${IS_PLAINTEXT} then 'plaintext'
                 when known.key_id is null then 'unknown_key'
                 when known.key_id <> pair.key_id then 'key_mismatch'
               end as fault
          from ${sampledRows(table, share)} encrypted
         cross join lateral ${pairRows(table)}
          left join unnest($1::text[], $2::text[]) known (kid, key_id) on known.kid = substr(pair.value, 5, 8)
         where pair.value is not null or pair.key_id is not null
      ) judged
     group by judged.position, judged.fault
     order by judged.position, judged.fault`,
    [keys.kids, keys.keyIds, NO_ADDRESS],
  )) as unknown as PairCount[]; // the columns of the statement above
}

export interface SampledValue {
  readonly position: number;
  readonly id: string;
  readonly rowId: string;
  readonly value: string;
}

/** Some ciphertexts of each pair of a table, to be decrypted. */
export async function readValues(
  session: Pick<Session, 'sql'>,
  { table, share }: SampledTable,
  limit: number,
): Promise<SampledValue[]> {
  return (await runText(
    session,
    `
    select pair.position, sampled.id::text as id, sampled.${quoteIdentifier(table.idColumn)}::text as "rowId", pair.value
      from (select * from ${sampledRows(table, share)} encrypted limit $1) sampled
     cross join lateral ${pairRows(table)}
     where left(pair.value, 4) = 'os1_'`,
    [limit],
  )) as unknown as SampledValue[]; // the columns of the statement above
}

/**
 * Kid and nonce pairs that several different values of one column share, in the rows of the samples.
 * @param tables with one logical name: they share keys
 */
export async function readRepeatedHeads(
  session: Pick<Session, 'sql'>,
  tables: readonly SampledTable[],
): Promise<{ readonly position: number; readonly kid: string; readonly heads: number }[]> {
  const parts = tables.map(
    ({ table, share }) => `
      select pair.position, substr(pair.value, 5, 24) as head, hashtextextended(pair.value, 0) as fingerprint
        from ${sampledRows(table, share)} encrypted
       cross join lateral ${pairRows(table)}
       where left(pair.value, 4) = 'os1_'`,
  );
  return (await runText(
    session,
    `select position, left(head, 8) as kid, count(*)::double precision as heads
       from (select position, head
               from (${parts.join(' union all ')}) every
              group by position, head
             having min(fingerprint) <> max(fingerprint)) repeated
      group by 1, 2
      order by 1, 2`,
  )) as unknown as { position: number; kid: string; heads: number }[]; // the columns of the statement above
}
