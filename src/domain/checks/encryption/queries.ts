import { quoteIdentifier, quoteQualified } from '../../../db/identifiers.ts';
import type { Session } from '../../../db/session.ts';
import { runText } from '../../../db/text.ts';
import type { EncryptedTable } from '../../encryption/registry.ts';
import { NO_ADDRESS } from '../../encryption/registry.ts';

/** prefix, and the base64url of kid, nonce and tag: no ciphertext is shorter (docs/ciphertext.md). */
const LEAST_CHARACTERS = 50;

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
                 when length(pair.value) < ${LEAST_CHARACTERS} or pair.value !~ '^os1_[A-Za-z0-9_-]+$' then 'plaintext'
                 when known.key_id is null then 'unknown_key'
                 when known.key_id <> pair.key_id then 'key_mismatch'
               end as fault
          from ${from(table, share)} encrypted
         cross join lateral (values ${pairsOf(table)}) pair (position, value, key_id, may_be_none)
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
      from (select * from ${from(table, share)} encrypted limit $1) sampled
     cross join lateral (values ${pairsOf(table)}) pair (position, value, key_id, may_be_none)
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
        from ${from(table, share)} encrypted
       cross join lateral (values ${pairsOf(table)}) pair (position, value, key_id, may_be_none)
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

function from(table: EncryptedTable, share: number): string {
  const name = quoteQualified({ schema: 'public', name: table.name });
  // Whole pages at random: bernoulli would read all of them.
  return share >= 1 ? name : `(select * from ${name} tablesample system (${(share * 100).toFixed(6)}))`;
}

function pairsOf({ pairs }: EncryptedTable): string {
  return pairs
    .map(
      ({ value, key, mayBeNone }, position) =>
        `(${position}, ${quoteIdentifier(value)}, ${quoteIdentifier(key)}::text, ${mayBeNone})`,
    )
    .join(', ');
}
