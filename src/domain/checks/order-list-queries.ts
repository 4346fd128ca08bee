import type { Session } from '../../db/session.ts';
import { runText, simpleText } from '../../db/text.ts';

/**
 * Indexes by which the planner would read the list of a restaurant's orders (the specification's example), by the name they
 * have on the table itself. Sequential scans are made expensive, so that small tables do not hide what is possible. Nothing
 * is executed. To be called in a transaction.
 */
export async function readOrderListIndexes(session: Pick<Session, 'sql'>): Promise<string[]> {
  await simpleText(session, 'set local enable_seqscan = off');
  const [explained] = await runText<{ 'QUERY PLAN': unknown }>(
    session,
    `explain (format json, costs off)
     select id, total_amount, status, created_at
       from public.orders
      where restaurant_id = '00000000-0000-4000-8000-000000000000'
        and status in ('PENDING', 'ACCEPTED', 'PREPARING')
      order by created_at desc
      limit 20`,
  );
  const plan = explained?.['QUERY PLAN'];
  // Another driver setting gives json as text.
  const names = [...new Set(indexNames(typeof plan === 'string' ? JSON.parse(plan) : plan))];
  const rows = await runText<{ name: string }>(
    session,
    `select distinct coalesce(root.relname, own.relname)::text as name
       from pg_class own
       join pg_index index on index.indexrelid = own.oid
       left join lateral (select max(relid::oid) as oid from pg_partition_ancestors(own.oid) where relid <> own.oid) above on true
       left join pg_class root on root.oid = above.oid
      where own.relname = any ($1::text[]) and own.relnamespace = (select oid from pg_namespace where nspname = 'public')
      order by 1`,
    [names],
  );
  return rows.map(({ name }) => name);
}

function indexNames(plan: unknown): string[] {
  if (Array.isArray(plan)) return plan.flatMap(indexNames);
  if (typeof plan !== 'object' || plan === null) return [];
  return Object.entries(plan).flatMap(([name, value]) => (name === 'Index Name' ? [String(value)] : indexNames(value)));
}
