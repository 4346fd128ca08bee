import type { Sql } from '../../db/session.ts';

export interface TableAccess {
  readonly name: string;
  readonly readable: boolean;
  /** Row security would hide rows from this role. */
  readonly filtered: boolean;
}

/** To be asked before row_security is switched off. */
export function readAccess(sql: Sql, tables: readonly string[]): Promise<TableAccess[]> {
  return sql<TableAccess[]>`
    select relname as name,
           has_table_privilege(oid, 'select') as readable,
           row_security_active(oid) as filtered
      from pg_catalog.pg_class
     where relnamespace = 'public'::regnamespace
       and relname = any (${tables}::text[])
     order by relname`;
}
