import type { Context } from '../../context.ts';
import { kidOf } from '../../crypto/ciphertext.ts';
import { createNonceSource } from '../../crypto/nonce.ts';
import { requireRowIdBytes } from '../../crypto/row-id.ts';
import type { Plaintext } from '../../crypto/secret.ts';
import { decryptValue, encryptValue, textOf } from '../../crypto/value.ts';
import type { ValuePlace } from '../../crypto/value.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { OrdersyncError } from '../../errors.ts';
import { loadDatabaseKeys } from '../encryption/database-keys.ts';
import { findPair } from '../encryption/find.ts';
import { recordKeyAction } from './audit.ts';
import { described } from './transaction.ts';

/** One value of one row, as people name it. */
export interface ValueRequest {
  readonly table: string;
  readonly column: string;
  /** The row's UUID; of an audit row the trace id. */
  readonly id: string;
}

export interface EncryptedValue {
  readonly text: string;
  readonly keyId: string;
  readonly kid: string;
}

/** Encrypts one value as an application would, with the ACTIVE key of the column's type. Writes nothing. */
export async function encryptOne(
  ctx: Pick<Context, 'keys' | 'readSecret'>,
  session: Session,
  request: ValueRequest,
): Promise<EncryptedValue> {
  const { place, keyType } = placeOf(request);
  const keys = await loadDatabaseKeys(session.sql, () => ctx.keys());
  const { keyId, key } = await keys.activeKey(keyType);
  const value = await ctx.readSecret(`Value for ${request.table}.${request.column}:`);
  try {
    const text = encryptValue({ key, nonces: createNonceSource() }, place, value.expose());
    return { text, keyId, kid: key.kid };
  } finally {
    value.destroy();
  }
}

/**
 * Decrypts one value that the caller has, and records in audit_logs who wanted to see which value and why, before anything
 * is given out: a value whose reading cannot be recorded is not read. A failed attempt is recorded too.
 */
export async function decryptOne(
  ctx: Pick<Context, 'keys' | 'readSecret'>,
  session: Session,
  request: ValueRequest & { readonly reason: string },
): Promise<{ readonly value: string; readonly keyId: string }> {
  const { place } = placeOf(request);
  const input = await ctx.readSecret('Ciphertext:');
  const text = input.expose().toString('utf8').trim();
  input.destroy();
  const kid = kidOf(text);
  const keys = await loadDatabaseKeys(session.sql, () => ctx.keys());
  const keySet = await keys.keysFor(kid === undefined ? [] : [kid]);
  const keyId = kid === undefined ? undefined : keys.findKid(kid)?.keyId;
  const opened = attempt(() => decryptValue(keySet, place, text));
  await described(
    inTransaction(session, async () =>
      recordKeyAction(session.sql, {
        action: 'DECRYPT_VALUE',
        resourceType: request.table,
        resourceId: request.id,
        changes: { column: request.column, key_id: keyId ?? null, reason: request.reason },
        success: opened.ok,
      }),
    ),
  );
  if (!opened.ok) throw opened.error;
  try {
    return { value: textOf(opened.plaintext), keyId: keyId ?? '' };
  } finally {
    opened.plaintext.destroy();
  }
}

function placeOf({ table, column, id }: ValueRequest) {
  const found = findPair(table, column);
  requireRowIdBytes(id);
  const place: ValuePlace = { table: found.table.logicalName, column, rowId: id };
  return { place, keyType: found.pair.keyType };
}

type Attempt =
  | { readonly ok: true; readonly plaintext: Plaintext }
  | { readonly ok: false; readonly error: OrdersyncError };

function attempt(decrypt: () => Plaintext): Attempt {
  try {
    return { ok: true, plaintext: decrypt() };
  } catch (error) {
    if (!(error instanceof OrdersyncError)) throw error;
    return { ok: false, error };
  }
}
