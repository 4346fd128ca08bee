import type { KeyMetadata, KeyState } from '@aws-sdk/client-kms';
import { OrdersyncError } from '../../errors.ts';
import type { KmsFault, ProviderKey } from '../keystore.ts';
import type { KmsCaller } from './client.ts';
import type { KmsCall } from './errors.ts';
import { kmsError } from './errors.ts';

/** Key states of the KMS Developer Guide; those being made or changed are usable in a moment, but not yet. */
const STATES: Readonly<Record<KeyState, ProviderKey['state']>> = {
  Enabled: 'usable',
  Disabled: 'disabled',
  PendingDeletion: 'pending_deletion',
  PendingReplicaDeletion: 'pending_deletion',
  PendingImport: 'pending_import',
  Unavailable: 'unavailable',
  Creating: 'unavailable',
  Updating: 'unavailable',
};

const FAULTS: Readonly<Partial<Record<ProviderKey['state'], KmsFault>>> = {
  disabled: 'key_disabled',
  pending_deletion: 'key_pending_deletion',
  pending_import: 'key_unavailable',
  unavailable: 'key_unavailable',
};

/** DescribeKey. Throws `key_unsuitable` for a key that is not for symmetric encryption. */
export async function describeKey(caller: KmsCaller, key: string): Promise<ProviderKey> {
  const call: KmsCall = { operation: 'DescribeKey', key };
  const { KeyMetadata: metadata } = await caller.call(call, (client, sdk, abort) =>
    client.send(new sdk.DescribeKeyCommand({ KeyId: key }), abort),
  );
  if (metadata?.Arn === undefined || metadata.KeyState === undefined) throw faultOf(call, 'wrong_answer', 'answer');
  requireSymmetric(call, metadata);
  return {
    providerKey: metadata.Arn,
    state: STATES[metadata.KeyState] ?? 'unavailable',
    createdAt: metadata.CreationDate,
    deletedAfter: metadata.DeletionDate,
  };
}

/**
 * KMS refuses with one error for several states, and does not say which of two keys it is about: DescribeKey does. Throws
 * always: the better error where one can be had, else the one given.
 */
export async function namingBadKey(caller: KmsCaller, call: KmsCall, error: unknown): Promise<never> {
  if (call.operation === 'DescribeKey' || !isAboutState(error)) throw error;
  for (const key of [call.key, call.destination]) {
    if (key !== undefined) await throwIfBad(caller, { ...call, key }, error);
  }
  throw error;
}

async function throwIfBad(caller: KmsCaller, { operation, key }: KmsCall, refusal: OrdersyncError): Promise<void> {
  const { state, deletedAfter } = await describeKey(caller, key).catch((error: unknown) => {
    // Whoever may use a key need not be allowed to look at it; the refusal itself stays the news.
    if (error instanceof OrdersyncError && error.code !== 'interrupted') throw refusal;
    throw error;
  });
  const fault = FAULTS[state];
  if (fault === undefined) return;
  const detail = deletedAfter === undefined ? undefined : `it will be deleted on ${deletedAfter.toISOString()}`;
  throw faultOf({ operation, key }, fault, state.replaceAll('_', ' '), detail);
}

function isAboutState(error: unknown): error is OrdersyncError {
  if (!(error instanceof OrdersyncError)) return false;
  const reason = error.details.facts?.['reason'];
  return reason === 'key_disabled' || reason === 'key_unavailable';
}

function requireSymmetric(call: KmsCall, { KeyUsage, KeySpec }: KeyMetadata): void {
  if (KeyUsage === 'ENCRYPT_DECRYPT' && KeySpec === 'SYMMETRIC_DEFAULT') return;
  throw faultOf(call, 'key_unsuitable', `${KeyUsage ?? 'no usage'}, ${KeySpec ?? 'no spec'}`);
}

function faultOf(call: KmsCall, fault: KmsFault, name: string, detail?: string): OrdersyncError {
  return kmsError(call, { fault, name, requestId: undefined, detail }, 1);
}
