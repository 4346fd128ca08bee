import type { Sql } from '../../db/session.ts';

/** Extensions that a role without superuser rights can create: marked as trusted, or not in need of one. */
export function installableExtensions(sql: Sql): Promise<{ name: string }[]> {
  return sql<{ name: string }[]>`
    select quote_ident(available.name) as name
      from pg_catalog.pg_available_extension_versions as available
     group by available.name
    having bool_or(available.trusted or not available.superuser)`;
}
