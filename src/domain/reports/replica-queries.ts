import type { Sql } from '../../db/session.ts';

export interface IdentityRow {
  /** The same on a primary and on all that was ever copied from it. */
  readonly system: string;
  /** When the server started, to the microsecond: no two servers of one system share it. */
  readonly started: string;
}

/** Which system a server belongs to, and which server of it this is. */
export async function readIdentity(sql: Sql): Promise<IdentityRow | undefined> {
  const [row] = await sql<IdentityRow[]>`
    select
      c.system_identifier::text as system,
      extract(epoch from pg_postmaster_start_time())::text as started
    from pg_catalog.pg_control_system() as c
  `;
  return row;
}
