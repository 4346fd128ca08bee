import { quoteIdentifier, quoteQualified } from '../../../db/identifiers.ts';
import type { Session } from '../../../db/session.ts';
import { pendingCondition } from './row-queries.ts';
import type { RowSession } from './row-session.ts';
import type { BadValue } from './stripe.ts';
import type { RotationRun, RotationTable } from './types.ts';

/**
 * Remembers values that could not be decrypted, and those that were remembered before once more.
 * @returns how many are new
 */
export async function recordBadValues(
  { sql }: Session,
  { run, table, values }: { readonly run: string; readonly table: string; readonly values: readonly BadValue[] },
): Promise<number> {
  const [row] = await sql<{ added: number }[]>`
    with recorded as (
      insert into public.key_rotation_bad_rows (run_id, table_name, row_id, column_name, reason, found_at)
      select ${run}::uuid, ${table}, bad.row_id, bad.column_name, min(bad.reason), clock_timestamp()
        from unnest(
               ${values.map(({ id }) => id)}::uuid[],
               ${values.map(({ column }) => column)}::text[],
               ${values.map(({ reason }) => reason)}::text[]
             ) bad (row_id, column_name, reason)
       group by bad.row_id, bad.column_name
      on conflict (run_id, table_name, row_id, column_name)
      do update set reason = excluded.reason, found_at = excluded.found_at
      -- Only a row that was there before has been updated.
      returning xmax = 0 as added
    )
    select count(*) filter (where added)::integer as added from recorded`;
  return row?.added ?? 0;
}

/** Forgets values that are no longer pending: whoever owns them has written them anew, or their row is gone. */
export async function forgetHealedValues(
  session: RowSession,
  run: Pick<RotationRun, 'id' | 'to'>,
  { table, pairs }: RotationTable,
): Promise<void> {
  const pending = pairs.map((pair) => `when '${pair.value}' then ${pendingCondition(pair, '$3::text')}`);
  await session.run(
    `delete from public.key_rotation_bad_rows bad
      where bad.run_id = $1::uuid and bad.table_name = $2
        and bad.column_name in (${pairs.map(({ value }) => `'${value}'`).join(', ')})
        and not exists (
          select from ${quoteQualified({ schema: 'public', name: table.name })} as target
           where target.${quoteIdentifier('id')} = bad.row_id and case bad.column_name ${pending.join(' ')} end)`,
    [run.id, table.name, run.to.keyId],
  );
}

export async function countBadValues(
  { sql }: Session,
  { run, tables }: { readonly run: string; readonly tables: readonly string[] },
): Promise<number> {
  const [row] = await sql<{ bad: number }[]>`
    select count(*)::integer as bad
      from public.key_rotation_bad_rows
     where run_id = ${run} and table_name = any (${tables}::text[])`;
  return row?.bad ?? 0;
}
