import type { Session, Sql } from '../../db/session.ts';
import type { TextQuery } from '../../db/text.ts';
import { simpleText } from '../../db/text.ts';
import { searchPath } from './session-settings.ts';

export interface Probe {
  readonly kind: string;
  /** Schema of a table or of a column's relation; null for any in which the report would find it. */
  readonly schema: string | null;
  /** Name of the extension, setting, table, function or role. */
  readonly subject: string;
  readonly column: string | null;
}

export interface ProbeRow {
  /** `met`, or in one word why not: absent, available, closed, filtered. */
  readonly state: string;
  /** The schema of an extension, the value of a setting. */
  readonly detail: string | null;
}

/**
 * What there is and may be used, in the order asked. Everything is looked up by catalogue tables: has_…_privilege() and
 * to_regclass() with names would raise errors for what does not exist or lies in a closed schema, and they would stand in
 * the server's log.
 */
export async function readProbes(
  sql: Sql,
  probes: readonly Probe[],
  extensions: readonly string[],
): Promise<readonly ProbeRow[]> {
  return sql<ProbeRow[]>`
    select
      case asked.kind
        when 'extension' then coalesce(
          (select case when has_schema_privilege(e.extnamespace, 'usage') then 'met' else 'closed' end
           from pg_catalog.pg_extension as e where e.extname = asked.subject),
          (select 'available' from pg_catalog.pg_available_extensions as a where a.name = asked.subject))
        when 'setting' then (select 'met' from pg_catalog.pg_settings as s where s.name = asked.subject)
        when 'column' then (
          select 'met'
          from pg_catalog.pg_class as c
          join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
          join pg_catalog.pg_attribute as a on a.attrelid = c.oid and not a.attisdropped
          where c.relname = asked.subject
            and a.attname = asked.column_name
            and (n.nspname = coalesce(asked.schema_name, 'pg_catalog')
              or asked.schema_name is null and n.oid in (
                select e.extnamespace from pg_catalog.pg_extension as e where e.extname = any (${extensions}::text[])))
          limit 1)
        when 'table' then (
          select case
            when not has_schema_privilege(n.oid, 'usage') or not has_table_privilege(c.oid, 'select') then 'closed'
            when row_security_active(c.oid) then 'filtered'
            else 'met'
          end
          from pg_catalog.pg_class as c
          join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
          where c.relname = asked.subject and n.nspname = asked.schema_name)
        when 'function' then (
          select case when has_function_privilege(f.oid, 'execute') then 'met' else 'closed' end
          from (select to_regprocedure('pg_catalog.' || asked.subject)::oid as oid) as f
          where f.oid is not null)
        when 'role' then (
          select case when pg_has_role(r.oid, 'usage') then 'met' else 'closed' end
          from pg_catalog.pg_roles as r where r.rolname = asked.subject)
      end as state,
      case asked.kind
        when 'extension' then (
          select n.nspname::text
          from pg_catalog.pg_extension as e
          join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
          where e.extname = asked.subject)
        when 'setting' then (select s.setting from pg_catalog.pg_settings as s where s.name = asked.subject)
      end as detail
    from unnest(
      ${probes.map(({ kind }) => kind)}::text[],
      ${probes.map(({ schema }) => schema)}::text[],
      ${probes.map(({ subject }) => subject)}::text[],
      ${probes.map(({ column }) => column)}::text[]
    ) with ordinality as asked (kind, schema_name, subject, column_name, position)
    order by asked.position
  `;
}

/**
 * Makes the tables and functions of extensions known by their plain names, until the end of the transaction. Sent at once:
 * what is sent next may lie on the wire before this has its answer, and finds it done.
 */
export function setSearchPath(session: Pick<Session, 'sql'>, schemas: readonly string[]): TextQuery {
  return simpleText(session, `set local search_path = ${searchPath(schemas)}`);
}
