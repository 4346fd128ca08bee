import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { OrdersyncError } from '../../errors.ts';
import type { KeyringFault } from '../keystore.ts';

/** The keyring file (docs/keyring.md, section 2). Member order is part of it: checksum and MAC are over this text. */
const base64 = v.pipe(v.string(), v.base64());
const hex32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/u));
const powerOfTwo = v.check((cost: number) => Number.isInteger(Math.log2(cost)), 'not a power of two');
const scrypt = v.strictObject({
  name: v.literal('scrypt'),
  // The upper bounds keep a hostile file from asking for the machine's memory: at most 1 GiB.
  N: v.pipe(v.number(), v.minValue(2 ** 14), v.maxValue(2 ** 20), powerOfTwo),
  r: v.pipe(v.number(), v.integer(), v.minValue(8), v.maxValue(8)),
  p: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16)),
  salt: base64,
});
const raw = v.strictObject({ name: v.literal('raw') });
const entry = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^kek-[0-9a-f]{16}$/u)),
  created_at: v.pipe(v.string(), v.isoTimestamp()),
  wrapped: base64,
});
const keyring = v.strictObject({
  format: v.literal('ordersync-keyring'),
  version: v.literal(1),
  kdf: v.variant('name', [scrypt, raw]),
  check: base64,
  keys: v.pipe(v.array(entry), v.minLength(1)),
  mac: hex32,
  checksum: hex32,
});

export type KeyringFile = Readonly<v.InferOutput<typeof keyring>>;
export type KeyringBody = Omit<KeyringFile, 'mac' | 'checksum'>;
export type Kdf = KeyringFile['kdf'];
export type KeyringEntry = KeyringFile['keys'][number];

/** Reads the text of a keyring file. Throws when it is none, is newer, or was damaged; proves nothing about its origin. */
export function parseKeyring(text: string, path: string): KeyringFile {
  const document = parseJson(text, path);
  requireFormat(document, path);
  const parsed = v.safeParse(keyring, document);
  if (!parsed.success) throw damaged(path, v.getDotPath(parsed.issues[0]) ?? 'a member');
  const file = parsed.output;
  if (file.checksum !== checksumOf(file)) throw damaged(path, 'checksum');
  return file;
}

/** The text of the file, for people to read too: two spaces of indentation, a line feed at the end. */
export function renderKeyring(body: KeyringBody, mac: string): string {
  const file = { ...inOrder(body), mac };
  return `${JSON.stringify({ ...file, checksum: checksumOf(file) }, null, 2)}\n`;
}

/** What the MAC is over: the body as JSON without white space, members in the order of the format. */
export function macInput(body: KeyringBody): string {
  return JSON.stringify(inOrder(body));
}

function checksumOf(file: KeyringBody & { readonly mac: string }): string {
  return createHash('sha256')
    .update(JSON.stringify({ ...inOrder(file), mac: file.mac }))
    .digest('hex');
}

function inOrder({ format, version, kdf, check, keys }: KeyringBody): KeyringBody {
  return {
    format,
    version,
    kdf: kdf.name === 'raw' ? { name: kdf.name } : { name: kdf.name, N: kdf.N, r: kdf.r, p: kdf.p, salt: kdf.salt },
    check,
    keys: keys.map(({ id, created_at, wrapped }) => ({ id, created_at, wrapped })),
  };
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw damaged(path, 'its JSON');
  }
}

function requireFormat(document: unknown, path: string): void {
  const { format, version } = Object(document) as { format?: unknown; version?: unknown };
  if (format !== 'ordersync-keyring') {
    throw new OrdersyncError('config', `${path} is not a keyring`, {
      hint: 'name the file that ordersync key keyring init made',
      facts: { path, reason: 'not_a_keyring' satisfies KeyringFault },
    });
  }
  if (typeof version === 'number' && version > 1) {
    throw new OrdersyncError(
      'config',
      `the keyring ${path} has format version ${version}, this program reads version 1`,
      { hint: 'use a newer ordersync', facts: { path, reason: 'newer_keyring' satisfies KeyringFault } },
    );
  }
}

function damaged(path: string, where: string): OrdersyncError {
  return new OrdersyncError('checksum_mismatch', `the keyring ${path} is damaged (${where})`, {
    hint: 'the passphrase does not matter here: restore the file from a backup',
    facts: { path, reason: 'damaged_keyring' satisfies KeyringFault },
  });
}
