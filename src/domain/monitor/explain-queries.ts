import { setParameter } from '../../db/queries.ts';
import type { Session } from '../../db/session.ts';
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
  `;
  return rows[0];
}

/** What the server said of the statement. */
export type Planned =
  | { readonly plan: readonly string[] }
  | { readonly problem: { readonly sqlstate: string; readonly message: string } };

/**
 * Plans a stored statement without values for its parameters. A name that is gone, a right that is missing or a type that
 * cannot be guessed is caught within the server: an error that reaches the client stands in the server's log, with the
 * statement. What was cancelled is an error all the same. Must run inside a transaction.
 * @param prepared before PostgreSQL 16, which has no GENERIC_PLAN: a prepared statement is made to keep to its generic
 *   plan, with NULL for each parameter. It belongs to the session and ends with it, so the session must be ours alone.
 */
export async function explainStored(
  session: Pick<Session, 'sql'>,
  statement: string,
  { prepared }: { readonly prepared: boolean },
): Promise<Planned> {
  const { sql } = session;
  await setParameter(sql, STATEMENT, statement, true);
  await simpleText(session, prepared ? PREPARED_PLAN : GENERIC_PLAN);
  const [said] = await sql<{ plan: string; sqlstate: string; message: string }[]>`
    select
      pg_catalog.current_setting('ordersync.plan') as plan,
      pg_catalog.current_setting('ordersync.plan_sqlstate') as sqlstate,
      pg_catalog.current_setting('ordersync.plan_message') as message
  `;
  if (said === undefined) throw new TypeError('one row of settings');
  const { plan, ...problem } = said;
  return problem.sqlstate === '' ? { plan: plan.split('\n') } : { problem };
}

const STATEMENT = 'ordersync.statement';

/**
 * DO takes no parameters and returns nothing: settings of the transaction carry the statement in and the plan out. The
 * search_path is that of the statement, so that everything of our own is named with its schema.
 */
function catching(declarations: string, body: string): string {
  return `
do $ordersync$
declare
  line text;
  plan text[] := '{}';
  ${declarations}
begin
  perform
    pg_catalog.set_config('ordersync.plan', '', true),
    pg_catalog.set_config('ordersync.plan_sqlstate', '', true),
    pg_catalog.set_config('ordersync.plan_message', '', true);
  ${body}
  perform pg_catalog.set_config('ordersync.plan', pg_catalog.array_to_string(plan, pg_catalog.chr(10)), true);
exception
  when others then
    perform
      pg_catalog.set_config('ordersync.plan_sqlstate', sqlstate, true),
      pg_catalog.set_config('ordersync.plan_message', sqlerrm, true);
end
$ordersync$`;
}

/** The text of a statement of ours that ends with the stored one, whose own end may be a comment. */
function beforeStored(beginning: string): string {
  const stored = `pg_catalog.current_setting('${STATEMENT}')`;
  return `pg_catalog.concat('${beginning} ', ${stored}, pg_catalog.chr(10), '/* ordersync monitor/explain */')`;
}

const GENERIC_PLAN = catching(
  '',
  `for line in execute ${beforeStored('explain (generic_plan, verbose off)')} loop
    plan := pg_catalog.array_append(plan, line);
  end loop;`,
);

const PREPARED_PLAN = catching(
  'arguments text;',
  `execute ${beforeStored('prepare ordersync_explain as')};
  select pg_catalog.string_agg('null', ', ')
  into arguments
  from pg_catalog.pg_prepared_statements as p, pg_catalog.unnest(p.parameter_types)
  where p.name operator(pg_catalog.=) 'ordersync_explain';
  if arguments is not null then
    arguments := pg_catalog.concat('(', arguments, ')');
  end if;
  perform pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true);
  for line in execute
    pg_catalog.concat('explain execute ordersync_explain', arguments, ' /* ordersync monitor/explain */')
  loop
    plan := pg_catalog.array_append(plan, line);
  end loop;`,
);
