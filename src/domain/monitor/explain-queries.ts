import type { Session } from '../../db/session.ts';
import type { TextQuery } from '../../db/text.ts';
import { simpleText } from '../../db/text.ts';

/** The stored text; the transaction's search_path leads to the extension. */
export async function readStatementText(
  { sql }: Pick<Session, 'sql'>,
  queryId: string,
): Promise<{ readonly query: string; readonly database: string } | undefined> {
  const rows = await sql<{ query: string; database: string }[]>`
    select s.query, d.datname::text as database
    from pg_stat_statements as s
    join pg_catalog.pg_database as d on d.oid = s.dbid
    where s.queryid = ${queryId}::text::bigint
    order by d.datname = current_database() desc, s.calls desc
    limit 1
    /* ordersync monitor/explain */
  `;
  return rows[0];
}

/** From PostgreSQL 16 on a statement with $1 is planned without values for it. By the simple protocol, which binds nothing. */
export function explainGeneric(session: Pick<Session, 'sql'>, statement: string): TextQuery<{ 'QUERY PLAN': string }> {
  return simpleText(session, `explain (generic_plan, verbose off) ${statement}\n/* ordersync monitor/explain */`);
}

const PREPARED = 'ordersync_explain';

/**
 * Before: a prepared statement that is made to keep to its generic plan, with NULL for each parameter. It belongs to the
 * session and ends with it, so the session must be ours alone.
 */
export async function explainPrepared(
  session: Pick<Session, 'sql'>,
  statement: string,
): Promise<readonly { readonly 'QUERY PLAN': string }[]> {
  await simpleText(session, `prepare ${PREPARED} as ${statement}\n/* ordersync monitor/explain */`);
  const [row] = await session.sql<{ count: number }[]>`
    select cardinality(p.parameter_types)::integer as count
    from pg_catalog.pg_prepared_statements as p
    where p.name = ${PREPARED}
    /* ordersync monitor/explain */
  `;
  const values = Array.from({ length: row?.count ?? 0 }, () => 'null').join(', ');
  await simpleText(session, 'set local plan_cache_mode = force_generic_plan');
  return simpleText(
    session,
    `explain execute ${PREPARED}${values === '' ? '' : ` (${values})`} /* ordersync monitor/explain */`,
  );
}
