import { randomBytes } from 'node:crypto';
import type { Sql } from '../../db/session.ts';
import { NO_ADDRESS } from '../encryption/registry.ts';
import { operator } from '../operator.ts';

/** What audit_logs says about work on keys. Never a value: names, counts and who. */
export interface KeyAction {
  readonly action: 'CREATE_KEY' | 'ROTATE_KEY' | 'REWRAP_KEY' | 'RETIRE_KEY' | 'DESTROY_KEY' | 'DECRYPT_VALUE';
  readonly resourceType: string;
  readonly resourceId: string;
  readonly changes: Readonly<Record<string, string | number | boolean | null>>;
  readonly success?: boolean;
}

/**
 * Writes one audit row, inside the transaction of what it records: the one is not kept without the other. Who it was:
 * the database's role, and the system's user and machine as this process knows them.
 */
export async function recordKeyAction(
  sql: Sql,
  { action, resourceType, resourceId, changes, success = true }: KeyAction,
): Promise<void> {
  await sql`
    insert into public.audit_logs (
      trace_id, action, resource_type, resource_id, ip_address_encrypted, ip_key_id, changes, success
    ) values (
      ${randomBytes(16).toString('hex')}, ${action}, ${resourceType}, ${resourceId}, ${NO_ADDRESS}, ${NO_ADDRESS},
      ${sql.json({ ...changes, ...operator() })}::jsonb || jsonb_build_object('database_role', session_user::text), ${success}
    )`;
}
