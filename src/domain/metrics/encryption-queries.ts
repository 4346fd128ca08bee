import type { Session } from '../../db/session.ts';
import { runText } from '../../db/text.ts';
import type { EncryptedTable } from '../encryption/registry.ts';
import { NO_ADDRESS } from '../encryption/registry.ts';
import { IS_PLAINTEXT, pairRows, sampledRows } from '../encryption/sampled-pairs-queries.ts';

/** Pages of the table with its partitions, of which many may be empty. */
export async function readPages({ sql }: Pick<Session, 'sql'>, { name }: EncryptedTable): Promise<number> {
  const [row] = await sql<{ pages: number }[]>`
    select coalesce(sum(pg_relation_size(tree.relid) / current_setting('block_size')::bigint), 0)::double precision as pages
    from (
      select c.oid as relid
      from pg_catalog.pg_class as c
      where c.oid = pg_catalog.to_regclass(pg_catalog.format('public.%I', ${name}::text)) and c.relkind = 'r'
      union all
      select p.relid
      from pg_partition_tree(pg_catalog.to_regclass(pg_catalog.format('public.%I', ${name}::text))) as p
      where p.isleaf
    ) as tree
  `;
  return row?.pages ?? 0;
}

export interface ColumnCounts {
  readonly position: number;
  readonly values: number;
  readonly plaintext: number;
}

/** Values, and those that have not the form of a ciphertext, of whole pages at random. No value leaves the server. */
export async function countPlaintext(
  session: Pick<Session, 'sql'>,
  table: EncryptedTable,
  share: number,
): Promise<ColumnCounts[]> {
  return (await runText(
    session,
    `select pair.position,
            count(*)::double precision as "values",
            count(*) filter (
              where not (pair.may_be_none and pair.value = $1) and ${IS_PLAINTEXT}
            )::double precision as plaintext
       from ${sampledRows(table, share)} encrypted
      cross join lateral ${pairRows(table)}
      where pair.value is not null
      group by pair.position
      order by pair.position`,
    [NO_ADDRESS],
  )) as unknown as ColumnCounts[]; // the columns of the statement above
}
