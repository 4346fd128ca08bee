import type { Sql } from '../../db/session.ts';

export async function markRetired(sql: Sql, id: string): Promise<void> {
  await sql`update public.encryption_keys set status = 'RETIRED', retired_at = now() where id = ${id}::uuid`;
}
