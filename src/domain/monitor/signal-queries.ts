import type { Session, Sql } from '../../db/session.ts';

export interface TargetRow {
  readonly pid: number;
  readonly user: string | null;
  readonly application: string;
  readonly database: string | null;
  readonly backend_type: string | null;
  readonly state: string | null;
  readonly query: string | null;
  /** Ages in milliseconds. */
  readonly transaction_ms: number | null;
  readonly statement_ms: number | null;
  /** Which session, and which statement of it, as text: a process id is given out again. */
  readonly session: string;
  readonly statement: string;
  readonly is_own: boolean;
  readonly may_signal: boolean;
}

/** The session with this process id, and whether pg_cancel_backend() and pg_terminate_backend() would be allowed. */
export async function readTarget({ sql }: Pick<Session, 'sql'>, pid: number): Promise<TargetRow | undefined> {
  const [row] = await sql<TargetRow[]>`
    select
      a.pid,
      a.usename::text as "user",
      a.application_name as application,
      a.datname::text as database,
      a.backend_type,
      a.state,
      a.query,
      extract(epoch from clock_timestamp() - a.xact_start)::float8 * 1000 as transaction_ms,
      case when a.state = 'active' then extract(epoch from clock_timestamp() - a.query_start)::float8 * 1000 end as statement_ms,
      concat_ws(' ', a.usesysid, a.backend_start) as session,
      coalesce(a.query_start::text, '') as statement,
      a.pid = pg_backend_pid() as is_own,
      coalesce(
        (select own.rolsuper from pg_catalog.pg_roles as own where own.rolname = current_user)
          or not r.rolsuper and (pg_has_role(r.oid, 'usage') or pg_has_role('pg_signal_backend', 'usage')),
        false
      ) as may_signal
    from pg_catalog.pg_stat_activity as a
    left join pg_catalog.pg_roles as r on r.oid = a.usesysid
    where a.pid = ${pid}
  `;
  return row;
}

/** Sends the signal if the process is still that session, and for a cancel still runs that statement. */
export async function sendCancelTo(sql: Sql, { pid, session, statement }: TargetRow): Promise<boolean> {
  const rows = await sql<{ sent: boolean }[]>`
    select pg_cancel_backend(a.pid) as sent
    from pg_catalog.pg_stat_activity as a
    where a.pid = ${pid}
      and concat_ws(' ', a.usesysid, a.backend_start) = ${session}
      and coalesce(a.query_start::text, '') = ${statement}
  `;
  return rows[0]?.sent === true;
}

export async function sendTerminateTo(sql: Sql, { pid, session }: TargetRow): Promise<boolean> {
  const rows = await sql<{ sent: boolean }[]>`
    select pg_terminate_backend(a.pid) as sent
    from pg_catalog.pg_stat_activity as a
    where a.pid = ${pid} and concat_ws(' ', a.usesysid, a.backend_start) = ${session}
  `;
  return rows[0]?.sent === true;
}
