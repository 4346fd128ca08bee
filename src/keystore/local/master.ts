import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { derive, KEY_BYTES } from '../../crypto/cipher-key.ts';
import type { Passphrase } from '../../crypto/secret.ts';
import { Secret } from '../../crypto/secret.ts';
import { OrdersyncError } from '../../errors.ts';
import type { KeyringFault } from '../keystore.ts';
import type { PrivateFile } from './file.ts';
import { readPrivate } from './file.ts';
import type { Kdf, KeyringBody } from './format.ts';
import { macInput } from './format.ts';

const CHECK_BYTES = 16;
const SALT_BYTES = 16;
const MINIMUM_PASSPHRASE = 12;

/** 0.6 s and 128 MiB per try on a present-day core: what a guess costs whoever holds a copy of the file. */
const SCRYPT_COST = { N: 2 ** 17, r: 8, p: 1 };

/** What opens a keyring: a passphrase, asked for only when it is needed, or a file of 32 random bytes. */
export type MasterSource =
  | { readonly kind: 'passphrase'; readonly read: () => Promise<Passphrase> }
  | { readonly kind: 'key-file'; readonly path: string };

/** The three keys a master key stands for (docs/keyring.md, section 3). */
export interface Master {
  readonly kdf: Kdf;
  readonly check: string;
  readonly wrapKey: Secret<'master key'>;
  mac(body: KeyringBody): string;
  destroy(): void;
}

export type ScryptCost = typeof SCRYPT_COST;

/** A master for a new keyring or a new passphrase. Refuses a passphrase of fewer than 12 characters. */
export async function newMaster(
  source: MasterSource,
  uid: number | undefined,
  cost: ScryptCost = SCRYPT_COST,
): Promise<Master> {
  if (source.kind === 'key-file') return masterOf(await keyFrom(source.path, uid), { name: 'raw' });
  const passphrase = await source.read();
  try {
    requireStrength(passphrase);
    const kdf = { name: 'scrypt' as const, ...cost, salt: randomBytes(SALT_BYTES).toString('base64') };
    return masterOf(await stretched(passphrase, kdf), kdf);
  } finally {
    passphrase.destroy();
  }
}

/** The master of an existing keyring. Throws `permission` when passphrase or key file is not the keyring's. */
export async function openMaster(source: MasterSource, keyring: KeyringBody, file: PrivateFile): Promise<Master> {
  const master = masterOf(await bytesFor(source, keyring.kdf, file), keyring.kdf);
  const [ours, theirs] = [Buffer.from(master.check, 'base64'), Buffer.from(keyring.check, 'base64')];
  if (ours.length === theirs.length && timingSafeEqual(ours, theirs)) return master;
  master.destroy();
  const [what, reason]: [string, KeyringFault] =
    source.kind === 'passphrase' ? ['passphrase', 'wrong_passphrase'] : ['key file', 'wrong_key_file'];
  throw new OrdersyncError('permission', `the ${what} does not open the keyring ${file.path}`, {
    hint: `the keyring itself is undamaged; give the ${what} it was made with`,
    facts: { path: file.path, reason },
  });
}

async function bytesFor(source: MasterSource, kdf: Kdf, file: PrivateFile): Promise<Buffer> {
  if (source.kind === 'key-file' && kdf.name === 'raw') return keyFrom(source.path, file.uid);
  if (source.kind === 'key-file' || kdf.name === 'raw') {
    throw new OrdersyncError(
      'config',
      `the keyring ${file.path} is opened by ${kdf.name === 'raw' ? 'a key file' : 'a passphrase'}`,
      {
        hint: kdf.name === 'raw' ? 'name the key file' : 'give the passphrase instead of a key file',
        facts: { path: file.path, reason: 'wrong_kind' satisfies KeyringFault },
      },
    );
  }
  const passphrase = await source.read();
  try {
    return await stretched(passphrase, kdf);
  } finally {
    passphrase.destroy();
  }
}

function masterOf(bytes: Buffer, kdf: Kdf): Master {
  const master = new Secret('master key', bytes);
  const wrapKey = new Secret('master key', derive(master, 'ordersync-keyring-1|wrap', KEY_BYTES));
  const macKey = new Secret('master key', derive(master, 'ordersync-keyring-1|mac', KEY_BYTES));
  const check = derive(master, 'ordersync-keyring-1|check', CHECK_BYTES).toString('base64');
  master.destroy();
  return {
    kdf,
    check,
    wrapKey,
    mac: (body) => createHmac('sha256', macKey.expose()).update(macInput(body)).digest('hex'),
    destroy: () => {
      wrapKey.destroy();
      macKey.destroy();
    },
  };
}

async function keyFrom(path: string, uid: number | undefined): Promise<Buffer> {
  const bytes = await readPrivate({ path, what: 'key file', uid });
  if (bytes.length === KEY_BYTES) return bytes;
  throw new OrdersyncError('config', `the key file ${path} has ${bytes.length} bytes, not ${KEY_BYTES}`, {
    hint: `make one with: (umask 077; head -c ${KEY_BYTES} /dev/urandom > ${path})`,
    facts: { path, reason: 'wrong_key_file' satisfies KeyringFault },
  });
}

function requireStrength(passphrase: Passphrase): void {
  const text = normalised(passphrase);
  if (Array.from(text).length >= MINIMUM_PASSPHRASE) return;
  throw new OrdersyncError('usage', `the passphrase has fewer than ${MINIMUM_PASSPHRASE} characters`, {
    hint: 'use several words',
    facts: { reason: 'weak_passphrase' satisfies KeyringFault },
  });
}

/** NFC, so that one passphrase typed on two systems gives the same bytes. */
function normalised(passphrase: Passphrase): string {
  return passphrase.expose().toString('utf8').normalize('NFC');
}

function stretched(passphrase: Passphrase, { N, r, p, salt }: Extract<Kdf, { name: 'scrypt' }>): Promise<Buffer> {
  // Node's default ceiling is 32 MiB; scrypt needs 128 * N * r bytes and a little more.
  const options = { N, r, p, maxmem: 2 * 128 * N * r };
  return new Promise((resolve, reject) => {
    scrypt(normalised(passphrase), Buffer.from(salt, 'base64'), KEY_BYTES, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
