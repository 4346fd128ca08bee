import { OrdersyncError } from '../errors.ts';
import { quoteIdentifier, type QualifiedName } from './identifiers.ts';
import type { Session } from './session.ts';

/**
 * Looks before something is read: a statement that the server refuses stands in its log as an error.
 * @throws OrdersyncError `precondition` naming tables that are not there, `permission` naming those that this role may not read
 */
export async function requireReadable(
  { sql, server }: Pick<Session, 'sql' | 'server'>,
  tables: readonly QualifiedName[],
): Promise<void> {
  const { missing, closed } = await readClosed({ sql }, tables);
  if (missing.length > 0) {
    throw new OrdersyncError('precondition', `this database has no table ${missing.join(', ')}`, {
      hint: 'apply the migrations: ordersync migrate up',
    });
  }
  if (closed.length === 0) return;
  throw new OrdersyncError('permission', `this role may not read ${closed.join(', ')}`, {
    hint: `grant select on ${closed.join(', ')} to ${quoteIdentifier(server.user)}`,
  });
}

/** Those of the tables that are not there, and those that are and may not be read, as SQL names them. */
export async function readClosed(
  { sql }: Pick<Session, 'sql'>,
  tables: readonly QualifiedName[],
): Promise<{ readonly missing: readonly string[]; readonly closed: readonly string[] }> {
  const schemas = tables.map(({ schema }) => schema ?? 'public');
  const names = tables.map(({ name }) => name);
  // By joins: to_regclass fails on a schema that this role may not use.
  const rows = await sql<{ table: string; present: boolean; readable: boolean }[]>`
    select format('%I.%I', wanted.schema, wanted.name) as "table", c.oid is not null as present,
           coalesce(has_schema_privilege(n.oid, 'usage') and has_any_column_privilege(c.oid, 'select'), false) as readable
      from unnest(${schemas}::text[], ${names}::text[]) with ordinality as wanted (schema, name, place)
      left join pg_catalog.pg_namespace n on n.nspname = wanted.schema
      left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
     order by wanted.place`;
  return {
    missing: rows.filter(({ present }) => !present).map(({ table }) => table),
    closed: rows.filter(({ present, readable }) => present && !readable).map(({ table }) => table),
  };
}
