import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { Refusal } from './refusal.ts';

export type State = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport' | 'Unavailable';
export type Context = Readonly<Record<string, string>>;

export interface Key {
  readonly id: string;
  readonly arn: string;
  readonly createdAt: Date;
  readonly usage: 'ENCRYPT_DECRYPT' | 'GENERATE_VERIFY_MAC';
  readonly material: Buffer;
  state: State;
  deletedAt: Date | undefined;
}

export const ACCOUNT = '111122223333';

/** The keys and aliases of one account in one region. */
export interface KeyTable {
  create(options?: { alias?: string; usage?: Key['usage'] }): Key;
  alias(name: string, key: Key): void;
  /** By key id, key ARN, alias name or alias ARN, as KMS resolves them. */
  find(keyId: string): Key;
  byId(id: string): Key | undefined;
}

export function createKeyTable(region: string): KeyTable {
  const keys = new Map<string, Key>();
  const aliases = new Map<string, Key>();
  const prefix = `arn:aws:kms:${region}:${ACCOUNT}:`;
  const find = (keyId: string): Key => {
    if (keyId.startsWith('arn:') && !keyId.startsWith('arn:aws:kms:'))
      throw new Refusal('InvalidArnException', `Invalid arn ${keyId}`);
    if (keyId.startsWith('arn:') && !keyId.startsWith(prefix))
      throw new Refusal('NotFoundException', `Invalid arn ${region}`);
    const name = keyId.startsWith(prefix) ? keyId.slice(prefix.length).replace(/^key\//u, '') : keyId;
    const key = name.startsWith('alias/') ? aliases.get(name) : keys.get(name);
    if (key !== undefined) return key;
    if (name.startsWith('alias/')) throw new Refusal('NotFoundException', `Alias ${prefix}${name} is not found.`);
    if (!/^[0-9a-f-]{36}$/u.test(name)) throw new Refusal('NotFoundException', `Invalid keyId '${name}'`);
    throw new Refusal('NotFoundException', `Key '${prefix}key/${name}' does not exist`);
  };
  return {
    create: ({ alias, usage = 'ENCRYPT_DECRYPT' } = {}) => {
      const id = randomUUID();
      const key: Key = {
        id,
        arn: `${prefix}key/${id}`,
        createdAt: new Date(),
        usage,
        material: randomBytes(32),
        state: 'Enabled',
        deletedAt: undefined,
      };
      keys.set(id, key);
      if (alias !== undefined) aliases.set(alias, key);
      return key;
    },
    alias: (name, key) => void aliases.set(name, key),
    find,
    byId: (id) => keys.get(id),
  };
}

/** The blob names its key, as KMS's does, and binds the encryption context as additional authenticated data. */
export function sealBlob(key: Key, context: Context, plaintext: Uint8Array): Buffer {
  const iv = randomBytes(12);
  const id = Buffer.from(key.id.replaceAll('-', ''), 'hex');
  const cipher = createCipheriv('aes-256-gcm', key.material, iv).setAAD(Buffer.concat([id, contextBytes(context)]));
  return Buffer.concat([Buffer.of(1), id, iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** The id of the key a blob names; undefined for what is no blob of this service. */
export function keyIdOf(blob: Buffer): string | undefined {
  if (blob.length < 46 || blob[0] !== 1) return undefined;
  const hex = blob.subarray(1, 17).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5');
}

export function openBlob(key: Key, context: Context, blob: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key.material, blob.subarray(17, 29));
  decipher.setAAD(Buffer.concat([blob.subarray(1, 17), contextBytes(context)])).setAuthTag(blob.subarray(-16));
  const plaintext = decipher.update(blob.subarray(29, -16));
  try {
    decipher.final();
  } catch {
    // The tag: changed blob or another context. KMS gives this error no message.
    throw new Refusal('InvalidCiphertextException');
  }
  return plaintext;
}

function contextBytes(context: Context): Buffer {
  const sorted = Object.entries(context).sort(([one], [two]) => (one < two ? -1 : 1));
  return Buffer.from(JSON.stringify(sorted));
}
