import type postgres from 'postgres';
import type { Sql } from './session.ts';

export interface FactsRow {
  readonly version_num: string;
  readonly version: string;
  readonly pid: string;
  readonly database: string;
  readonly user: string;
  readonly in_recovery: string;
  readonly read_only: string;
  readonly superuser: string;
}

/** Runs on every version since 9.2, so that an old server is told its version and not an error. */
export function readFacts(sql: Sql): postgres.PendingQuery<FactsRow[]> {
  return sql<FactsRow[]>`
    select current_setting('server_version_num') as version_num,
           split_part(current_setting('server_version'), ' ', 1) as version,
           pg_backend_pid()::text as pid,
           current_database()::text as database,
           current_user::text as "user",
           pg_is_in_recovery()::text as in_recovery,
           current_setting('transaction_read_only') as read_only,
           coalesce((select rolsuper from pg_catalog.pg_roles where rolname = current_user), false)::text as superuser
  `.simple();
}

/**
 * What every session stands on: times in UTC and ISO form, plain strings. DateStyle keeps its order of day and month,
 * which decides how literals are read. A transaction pooler knows these and keeps them apart for its clients.
 */
export function setDefaults(sql: Sql): postgres.PendingQuery<postgres.Row[]> {
  return sql`
    select set_config('TimeZone', 'UTC', false),
           set_config('DateStyle', 'ISO', false),
           set_config('IntervalStyle', 'postgres', false),
           set_config('standard_conforming_strings', 'on', false)
  `.simple();
}

/** float4 and float8 with every digit they need; 1 is the default since version 12. */
export function setFloatDigits(sql: Sql): postgres.PendingQuery<postgres.Row[]> {
  return sql`
    select set_config('extra_float_digits', greatest(current_setting('extra_float_digits')::integer, 1)::text, false)
  `.simple();
}

/**
 * A killed client is noticed within this time even in the middle of a statement, and its locks go: measured 1.5 s instead
 * of the rest of the statement. Refused where the server's platform cannot poll for it.
 */
export function setConnectionCheck(sql: Sql): postgres.PendingQuery<postgres.Row[]> {
  return sql`select set_config('client_connection_check_interval', '2s', false)`.simple();
}

/**
 * In FROM, unlike the usual call of an application: the two would be one statement for pg_stat_statements, and the
 * application's out of sight with ours.
 */
export function setParameter(
  sql: Sql,
  name: string,
  value: string,
  local: boolean,
): postgres.PendingQuery<postgres.Row[]> {
  return sql`select from pg_catalog.set_config(${name}, ${value}, ${local})`;
}
