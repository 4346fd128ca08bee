import type { QualifiedName } from '../../../db/identifiers.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../../db/identifiers.ts';
import type { Session } from '../../../db/session.ts';
import { runText, simpleText, simpleTexts } from '../../../db/text.ts';
import type { Part } from '../plan/sources.ts';

/** Rows that are to leave, by their hour, so that one pass over the table finds the rows of every hour. */
const LIST = 'pg_temp.archive_leaving';

/** Notes which rows of a part there are now. In a transaction of its own. */
export async function listLeaving(session: Session, { from }: Part): Promise<void> {
  await simpleTexts(session, [
    `create temporary table archive_leaving on commit preserve rows as
     select date_trunc('hour', source.created_at, 'UTC') as hour, source.id ${from}`,
    `create index on ${LIST} (hour)`,
    `analyze ${LIST}`,
  ]);
}

export async function dropLeaving(session: Session): Promise<void> {
  await simpleText(session, `drop table ${LIST}`);
}

/** A span of whole hours, as SQL literals go; the upper one is not part of it. */
export interface Hours {
  readonly from: string;
  readonly to: string;
}

/** The listed rows of some hours, as far as they are still there. */
export function fromListed({ from }: Part, hours: Hours): string {
  const [lower, upper] = [quoteLiteral(hours.from), quoteLiteral(hours.to)];
  return `${from} and source.created_at >= ${lower} and source.created_at < ${upper}
     and source.id in (select id from ${LIST} where hour >= ${lower} and hour < ${upper})`;
}

/** @param from `from … as source where …` @returns how many rows went */
export async function deleteRows(session: Session, from: string): Promise<number> {
  const { count } = await runText(session, `delete ${from}`);
  return count;
}

export interface KeyBatch {
  readonly deleted: number;
  /** Where the next batch begins; null after the last one. */
  readonly last: string | null;
}

/**
 * Deletes the keys of the next payments of a month, as far as they say what those payments say themselves.
 * @param month the table that holds the month alone
 */
export async function deleteOrderKeys(
  session: Session,
  month: QualifiedName,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<KeyBatch> {
  const [batch] = await runText<{ deleted: number; last: string | null }>(
    session,
    `with batch as (
       select id, order_id from ${quoteQualified(month)} where id > $1::text::uuid order by id limit $2::integer
     ), gone as (
       delete from public.payment_order_keys repeated
        using batch
        where repeated.payment_id = batch.id and repeated.order_id = batch.order_id
       returning repeated.payment_id
     )
     select (select count(*)::float8 from gone) as deleted,
            (select id::text from batch order by id desc limit 1) as last`,
    [after, limit],
  );
  return batch ?? { deleted: 0, last: null };
}

/** Keys that name a payment of a month, whatever order they say it is of. */
export async function countOrderKeys(session: Session, month: QualifiedName): Promise<number> {
  const [row] = await runText<{ keys: number }>(
    session,
    `select count(*)::float8 as keys
       from public.payment_order_keys repeated
       join ${quoteQualified(month)} payment on payment.id = repeated.payment_id`,
  );
  return row?.keys ?? 0;
}

/** Opens the guard of append-only tables to this transaction, which the guard wants named by the tables' owner. */
export async function openGuard(session: Session, owner: string): Promise<void> {
  await simpleText(session, `set local role ${quoteIdentifier(owner)}`);
  await runText(session, "select set_config('ordersync.archiving_transaction', pg_current_xact_id()::text, true)");
}
