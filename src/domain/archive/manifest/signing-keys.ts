import type { KeyObject } from 'node:crypto';
import type { Session, Sql } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { KeyStore } from '../../../keystore/keystore.ts';
import { archiveSigningContext } from '../../../keystore/keystore.ts';
import { readBackEquals } from '../../../store/read-back.ts';
import { storeFaultOf } from '../../../store/store-error.ts';
import type { ObjectStore } from '../../../store/store.ts';
import { commitmentOf, unwrapStored } from '../../encryption/database-keys.ts';
import { recordKeyAction } from '../../keys/audit.ts';
import { requireKeyRights } from '../../keys/rights.ts';
import { changeKeys } from '../../keys/transaction.ts';
import { publicKeyKey } from './places.ts';
import { sendBytes } from './send.ts';
import type { PublicKeys, Signer } from './sign.ts';
import { parsePublicKey, publicKeyPem, signerFrom, signingKeyId } from './sign.ts';
import type { SigningKeyRow } from './signing-queries.ts';
import { insertSigningKey, readPublicHalves, readSigningKeys } from './signing-queries.ts';
import { readSmall } from './stored.ts';

const PEM_BYTES = 4096;

/**
 * The key that this database signs its manifests with; made at the first use, wrapped by the key store, opened again and
 * compared before it is kept.
 * @throws OrdersyncError `decrypt_failed` when what the key store gives back is not the key of the public one
 */
export async function ensureSigningKey(session: Session, openStore: () => Promise<KeyStore>): Promise<Signer> {
  const known = activeOf(await readSigningKeys(session.sql));
  if (known !== undefined) return openSigner(openStore, known);
  await requireKeyRights(session, 'create-signing');
  return makeSigner(session, openStore);
}

/** The public keys of this database, those that sign no more among them. Needs no key store. */
export async function readPublicKeys(sql: Sql): Promise<PublicKeys> {
  const rows = await readPublicHalves(sql);
  return new Map(
    rows.map(({ id, publicKey }) => {
      const key = parsePublicKey(publicKey, `the public key ${id} in archive_signing_keys`);
      if (signingKeyId(key) !== id) throw changedRow(id);
      return [id, key];
    }),
  );
}

/** Puts a public key beside the archives, for those who have neither database nor key store. */
export async function publishPublicKey(store: ObjectStore, publicKey: KeyObject): Promise<void> {
  const key = publicKeyKey(signingKeyId(publicKey));
  const bytes = Buffer.from(publicKeyPem(publicKey), 'utf8');
  if ((await readSmall(store, key, PEM_BYTES))?.equals(bytes) === true) return;
  const sent = await sendBytes(store, key, bytes, { ifAbsent: true }).catch((error: unknown) => {
    throw storeFaultOf(error) === 'already_exists' ? replacedKey(store, key) : error;
  });
  if (!(await readBackEquals(store, sent))) throw replacedKey(store, key);
}

function activeOf(rows: readonly SigningKeyRow[]): SigningKeyRow | undefined {
  return rows.find(({ status }) => status === 'ACTIVE');
}

async function openSigner(openStore: () => Promise<KeyStore>, row: SigningKeyRow): Promise<Signer> {
  // The store keeps what it unwrapped, and destroys it at its end.
  const signer = signerFrom(await unwrapStored(openStore, row));
  if (signer.id === row.id && publicKeyPem(signer.publicKey) === row.publicKey) return signer;
  throw changedRow(row.id);
}

async function makeSigner(session: Session, openStore: () => Promise<KeyStore>): Promise<Signer> {
  const store = await openStore();
  const version = nextVersion(await readSigningKeys(session.sql));
  const { dataKey, ...wrapped } = await store.generateDataKey(archiveSigningContext({ version }));
  try {
    const signer = signerFrom(dataKey);
    if (signerFrom(await store.unwrap(wrapped)).id !== signer.id) throw anotherKey();
    const row = {
      ...wrapped,
      id: signer.id,
      version,
      provider: store.provider,
      publicKey: publicKeyPem(signer.publicKey),
      commitment: commitmentOf(dataKey),
    };
    const faster = await changeKeys(session, () => keep(session.sql, row));
    return faster === undefined ? signer : await openSigner(openStore, faster);
  } finally {
    dataKey.destroy();
  }
}

/** @returns the key that another process made meanwhile, if one did */
async function keep(sql: Sql, row: Parameters<typeof insertSigningKey>[1]): Promise<SigningKeyRow | undefined> {
  const faster = activeOf(await readSigningKeys(sql));
  if (faster !== undefined) return faster;
  await insertSigningKey(sql, row);
  await recordKeyAction(sql, {
    action: 'CREATE_KEY',
    resourceType: 'archive_signing_keys',
    resourceId: `archive-signing-v${row.version}`,
    changes: { provider: row.provider, provider_key: row.providerKey, version: row.version, public_key_id: row.id },
  });
  return undefined;
}

function nextVersion(rows: readonly SigningKeyRow[]): number {
  return rows.reduce((most, { version }) => Math.max(most, version), 0) + 1;
}

function anotherKey(): OrdersyncError {
  return new OrdersyncError('decrypt_failed', 'the key store gave back another key than it made to sign archives', {
    hint: 'nothing was written; check what answers as the key store',
  });
}

function changedRow(id: string): OrdersyncError {
  return new OrdersyncError('decrypt_failed', `the signing key ${id} is not the one of its public key`, {
    hint: 'the row in archive_signing_keys was changed; restore it from a backup',
    facts: { reason: 'commitment_mismatch', key: id },
  });
}

function replacedKey({ location }: ObjectStore, key: string): OrdersyncError {
  return new OrdersyncError('unhealthy', `${key} in ${location} is not the public key of this database`, {
    hint: 'somebody replaced it, or the store does not keep what it is given: look at both before archiving there',
    facts: { reason: 'replaced_key', location, key },
  });
}
