import type { Sql } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import type { DataKeyRow } from '../encryption/queries.ts';
import { readRunningRotation } from './unfinished-queries.ts';

/** @throws OrdersyncError `precondition` while the key's type is being rotated: values are on their way from and to it */
export async function requireNoRotation(sql: Sql, { keyId, keyType }: DataKeyRow): Promise<void> {
  const run = await readRunningRotation(sql, keyType);
  if (run === undefined) return;
  throw new OrdersyncError('precondition', `${keyId} takes part in a rotation of ${keyType} that is not finished`, {
    hint: `finish it first: ordersync key rotate --type ${keyType} --resume`,
    facts: { run_id: run.id, to_key_id: run.toKeyId, started_at: run.startedAt },
  });
}
