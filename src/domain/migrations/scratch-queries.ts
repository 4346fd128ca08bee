import type { Sql } from '../../db/session.ts';

/** Begins the comment of every scratch database; the time after it is the server's. */
export const SCRATCH_MARK = 'ordersync scratch database, safe to drop; made at ';

export function readCreateRight(sql: Sql): Promise<{ user: string; allowed: boolean }[]> {
  return sql<{ user: string; allowed: boolean }[]>`
    select rolname as "user", rolcreatedb or rolsuper as allowed
      from pg_catalog.pg_roles
     where rolname = current_user`;
}

/**
 * The statements that make an empty database like the connected one: encoding and locale, which decide how text is
 * compared and split, and the settings that `alter database` gave it, as far as an ordinary role may set them. to_jsonb
 * because the columns for the locale's name differ between 15, 16 and 17. CREATE DATABASE takes no parameters, so the
 * server writes the text.
 */
export function writeCreateStatements(sql: Sql, name: string): Promise<{ statement: string }[]> {
  return sql<{ statement: string }[]>`
    with source as (
      select database.*, to_jsonb(database) as facts
        from pg_catalog.pg_database as database
       where database.datname = current_database()
    ), settings as (
      select entry.ordinal, split_part(entry.text, '=', 1) as name,
             substr(entry.text, strpos(entry.text, '=') + 1) as value
        from source
        join pg_catalog.pg_db_role_setting as stored on stored.setdatabase = source.oid and stored.setrole = 0
       cross join lateral unnest(stored.setconfig) with ordinality as entry (text, ordinal)
    )
    select format('create database %I template template0 encoding %L lc_collate %L lc_ctype %L',
                  ${name}::text, pg_encoding_to_char(encoding), datcollate, datctype)
           || case facts ->> 'datlocprovider'
                when 'i' then format(' locale_provider icu icu_locale %L',
                                     coalesce(facts ->> 'datlocale', facts ->> 'daticulocale'))
                              || coalesce(format(' icu_rules %L', nullif(facts ->> 'daticurules', '')), '')
                when 'b' then format(' locale_provider builtin builtin_locale %L', facts ->> 'datlocale')
                else ' locale_provider libc'
              end as statement
      from source
     union all
    select format('comment on database %I is %L', ${name}::text,
                  ${SCRATCH_MARK}::text || to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
     union all
    select format('alter database %I set client_min_messages = warning', ${name}::text)
     union all
    select format('select set_config(%L, %L, false); alter database %I set %s from current',
                  settings.name, settings.value, ${name}::text,
                  (select string_agg(quote_ident(part), '.')
                     from unnest(string_to_array(settings.name, '.')) as part))
      from settings
     where settings.name <> 'client_min_messages'
       and (settings.name like '%.%' or exists (
             select
               from pg_catalog.pg_settings as known
              where known.name = lower(settings.name)
                and known.context = 'user'))`;
}

export interface Leftover {
  readonly name: string;
  /** Marked as ours, a day old, without connections, and this role may drop it. */
  readonly removable: boolean;
}

export function readLeftovers(sql: Sql): Promise<Leftover[]> {
  return sql<Leftover[]>`
    select database.datname as name,
           coalesce(
             pg_has_role(database.datdba, 'usage')
             and starts_with(marked.comment, ${SCRATCH_MARK})
             and substr(marked.comment, length(${SCRATCH_MARK}) + 1)::timestamptz < clock_timestamp() - interval '1 day'
             and not exists (
                   select from pg_catalog.pg_stat_activity as activity where activity.datid = database.oid),
             false) as removable
      from pg_catalog.pg_database as database
     cross join lateral (select shobj_description(database.oid, 'pg_database') as comment) as marked
     where database.datname ~ '^ordersync_scratch_[0-9a-f]{12}$'
     order by database.datname`;
}

export function dropDatabase(sql: Sql, name: string): Promise<unknown> {
  return sql`drop database if exists ${sql(name)} with (force)`;
}

export function readRoles(sql: Sql): Promise<{ name: string }[]> {
  return sql<{ name: string }[]>`select rolname as name from pg_catalog.pg_roles order by rolname`;
}
