import { quoteIdentifier } from '../../db/identifiers.ts';
import type { Session } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import { readMissingRights } from './rights-queries.ts';

/** What a change of keys writes, and the audit row that goes with it. */
const WRITES = {
  create: ['encryption_keys insert', 'encryption_data_keys insert', 'blind_index_keys insert'],
  'create-signing': ['archive_signing_keys insert'],
  rewrap: ['encryption_data_keys update', 'blind_index_keys update', 'archive_signing_keys update'],
  retire: ['encryption_keys update'],
  destroy: ['encryption_data_keys update'],
  'rotate-index': [
    'blind_index_keys insert',
    'blind_index_keys update',
    'blind_index_progress insert',
    'blind_index_progress update',
  ],
  rotate: [
    'encryption_keys insert',
    'encryption_keys update',
    'encryption_data_keys insert',
    'key_rotation_runs insert',
    'key_rotation_runs update',
    'key_rotation_chunks insert',
    'key_rotation_chunks update',
    'key_rotation_bad_rows insert',
    'key_rotation_bad_rows delete',
  ],
} as const;

/**
 * Found out before a key store is called, and before a long count.
 * @throws OrdersyncError `permission` naming table and right; `precondition` on a standby
 */
export async function requireKeyRights({ sql, server }: Session, change: keyof typeof WRITES): Promise<void> {
  if (server.inRecovery) {
    throw new OrdersyncError('precondition', 'this server is a standby: keys are changed on the primary', {
      hint: 'connect to the primary; with several hosts, target_session_attrs=read-write finds it',
    });
  }
  const missing = await readMissingRights(sql, [...WRITES[change], 'audit_logs insert']);
  if (missing.length === 0) return;
  throw new OrdersyncError('permission', `the role ${server.user} may not change keys`, {
    body: missing.map(({ table, right }) => `${table}: ${right} is not granted`),
    hint: 'connect as the owner of the tables',
  });
}

/**
 * The statement that lets a role renew ciphertexts of the audit logs. From PostgreSQL 16 on the role that ran the migrations is
 * a member already, without the rights of the role; granting it again changes nothing unless INHERIT is asked for.
 */
export function rotatorGrant({ user, versionNum }: Session['server']): string {
  return `grant ordersync_rotator to ${quoteIdentifier(user)}${versionNum >= 160_000 ? ' with inherit true' : ''}`;
}
