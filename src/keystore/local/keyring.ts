import { randomBytes } from 'node:crypto';
import { KEY_BYTES } from '../../crypto/cipher-key.ts';
import { Secret } from '../../crypto/secret.ts';
import { OrdersyncError } from '../../errors.ts';
import type { Clock } from '../../context.ts';
import type { KeyringFault } from '../keystore.ts';
import { unwrapBytes, wrapBytes } from '../wrapping.ts';
import type { PrivateFile } from './file.ts';
import { readPrivate, withFileLock, writePrivate } from './file.ts';
import type { KeyringBody, KeyringEntry } from './format.ts';
import { parseKeyring, renderKeyring } from './format.ts';
import type { Master, MasterSource, ScryptCost } from './master.ts';
import { newMaster, openMaster } from './master.ts';

/** Which keyring, and who works on it. */
export interface KeyringAccess {
  readonly path: string;
  /** The effective user id; undefined on systems without. */
  readonly uid: number | undefined;
  /** Who holds the lock, for people: "pid 4711 on db-admin-1". */
  readonly holder: string;
}

export type KeyEncryptionKey = Secret<'key-encryption key'>;

/** An opened keyring: its key-encryption keys by id, oldest first. The last one wraps what is new. */
export interface Keyring {
  readonly entries: readonly { readonly id: string; readonly createdAt: Date; readonly key: KeyEncryptionKey }[];
}

/** Makes a keyring with one key. Never replaces a file. Returns the id of the key. */
export async function initKeyring(
  access: KeyringAccess,
  request: { readonly source: MasterSource; readonly clock: Pick<Clock, 'now'>; readonly cost?: ScryptCost },
): Promise<string> {
  const master = await newMaster(request.source, access.uid, request.cost);
  try {
    const entry = newEntry(master, request.clock.now());
    await withFileLock(fileOf(access), access.holder, () => store(access, master, [entry], 'create'));
    return entry.id;
  } finally {
    master.destroy();
  }
}

/** Opens a keyring: proves that it is whole and made by the holder of the passphrase, and unwraps its keys. */
export async function openKeyring(access: Omit<KeyringAccess, 'holder'>, source: MasterSource): Promise<Keyring> {
  const { body, master } = await load(access, source);
  try {
    return { entries: body.keys.map((entry) => unwrapEntry(master, entry, access.path)) };
  } finally {
    master.destroy();
  }
}

/** Wraps the same keys with another passphrase or key file. Data keys wrapped before stay valid. */
export async function changeKeyringMaster(
  access: KeyringAccess,
  request: { readonly from: MasterSource; readonly to: MasterSource; readonly cost?: ScryptCost },
): Promise<void> {
  await changing(access, request.from, async (old, keys) => {
    const master = await newMaster(request.to, access.uid, request.cost);
    try {
      const wrapped = keys.map((entry) => wrapAgain(old, master, entry, access.path));
      await store(access, master, wrapped, 'replace');
    } finally {
      master.destroy();
    }
  });
}

/** Adds a key, which wraps everything from now on; the older keys stay to unwrap. Returns its id. */
export async function addKeyringKey(
  access: KeyringAccess,
  request: { readonly source: MasterSource; readonly clock: Pick<Clock, 'now'> },
): Promise<string> {
  return changing(access, request.source, async (master, keys) => {
    const entry = newEntry(master, request.clock.now());
    await store(access, master, [...keys, entry], 'replace');
    return entry.id;
  });
}

async function changing<Result>(
  access: KeyringAccess,
  source: MasterSource,
  change: (master: Master, keys: readonly KeyringEntry[]) => Promise<Result>,
): Promise<Result> {
  return withFileLock(fileOf(access), access.holder, async () => {
    const { body, master } = await load(access, source);
    try {
      return await change(master, body.keys);
    } finally {
      master.destroy();
    }
  });
}

async function load(
  access: Omit<KeyringAccess, 'holder'>,
  source: MasterSource,
): Promise<{ body: KeyringBody; master: Master }> {
  const file = fileOf(access);
  const { mac, ...body } = parseKeyring((await readPrivate(file)).toString('utf8'), access.path);
  const master = await openMaster(source, body, file);
  if (master.mac(body) === mac) return { body, master };
  master.destroy();
  throw changed(access.path);
}

async function store(
  access: KeyringAccess,
  master: Master,
  keys: readonly KeyringEntry[],
  mode: 'create' | 'replace',
): Promise<void> {
  const { kdf, check } = master;
  const body: KeyringBody = { format: 'ordersync-keyring', version: 1, kdf, check, keys: [...keys] };
  const text = renderKeyring(body, master.mac(body));
  await writePrivate(fileOf(access), Buffer.from(text, 'utf8'), mode);
  await readBack(access, text, master);
}

/** A key that the file does not give back must not wrap anything: the database would keep what nobody can open. */
async function readBack(access: KeyringAccess, written: string, master: Master): Promise<void> {
  const text = (await readPrivate(fileOf(access))).toString('utf8');
  if (text !== written) throw changed(access.path);
  for (const entry of parseKeyring(text, access.path).keys) unwrapEntry(master, entry, access.path).key.destroy();
}

function newEntry(master: Master, now: Date): KeyringEntry {
  const id = `kek-${randomBytes(8).toString('hex')}`;
  const key = randomBytes(KEY_BYTES);
  const wrapped = wrapBytes(master.wrapKey.expose(), key, boundTo(id)).toString('base64');
  key.fill(0);
  return { id, created_at: now.toISOString(), wrapped };
}

function wrapAgain(old: Master, master: Master, entry: KeyringEntry, path: string): KeyringEntry {
  const { key } = unwrapEntry(old, entry, path);
  try {
    return {
      ...entry,
      wrapped: wrapBytes(master.wrapKey.expose(), key.expose(), boundTo(entry.id)).toString('base64'),
    };
  } finally {
    key.destroy();
  }
}

function unwrapEntry(
  master: Master,
  { id, created_at, wrapped }: KeyringEntry,
  path: string,
): Keyring['entries'][number] {
  const bytes = unwrapBytes(master.wrapKey.expose(), Buffer.from(wrapped, 'base64'), boundTo(id));
  if (bytes === undefined) throw changed(path);
  return { id, createdAt: new Date(created_at), key: new Secret('key-encryption key', bytes) };
}

function boundTo(id: string): string {
  return `ordersync-keyring-1|key|${id}`;
}

function fileOf({ path, uid }: Omit<KeyringAccess, 'holder'>): PrivateFile {
  return { path, uid, what: 'keyring' };
}

function changed(path: string): OrdersyncError {
  return new OrdersyncError('checksum_mismatch', `the keyring ${path} was changed by someone who could not open it`, {
    hint: 'entries were added, removed, reordered or exchanged: restore the file from a backup, and find out who can write it',
    facts: { path, reason: 'changed_keyring' satisfies KeyringFault },
  });
}
