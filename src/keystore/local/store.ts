import { randomBytes } from 'node:crypto';
import { KEY_BYTES } from '../../crypto/cipher-key.ts';
import type { DataKey } from '../../crypto/secret.ts';
import { Secret } from '../../crypto/secret.ts';
import { OrdersyncError } from '../../errors.ts';
import type { KeyContext, KeyStore, KeyringFault, WrappedKey } from '../keystore.ts';
import { unwrapBytes, wrapBytes } from '../wrapping.ts';
import type { Keyring, KeyringAccess } from './keyring.ts';
import { openKeyring } from './keyring.ts';
import type { MasterSource } from './master.ts';

const VERSION = 1;
const WRAPPED_BYTES = 1 + 12 + KEY_BYTES + 16;

export interface LocalKeyStoreOptions extends Omit<KeyringAccess, 'holder'> {
  readonly source: MasterSource;
}

/** A key store in a keyring file. Nothing is read, and no passphrase asked for, before the first operation. */
export function createLocalKeyStore(options: LocalKeyStoreOptions): KeyStore {
  let opened: Promise<Keyring> | undefined;
  const keyring = () => {
    opened ??= openKeyring(options, options.source).catch((error: unknown) => {
      // A passphrase mistyped once must not stay wrong for the whole process.
      opened = undefined;
      throw error;
    });
    return opened;
  };
  const unwrap = async (key: WrappedKey) => unwrapWith(await keyring(), key, options.path);
  const wrap = async (dataKey: DataKey, context: KeyContext) => wrapWith(await keyring(), dataKey, context);
  return {
    provider: 'local',
    generateDataKey: async (context) => {
      const present = await keyring();
      const dataKey = new Secret('data key', randomBytes(KEY_BYTES));
      return { dataKey, ...wrapWith(present, dataKey, context) };
    },
    wrap,
    unwrap,
    rewrap: (key) => using(unwrap(key), (dataKey) => wrap(dataKey, key.context)),
    describe: async () => {
      const { id, createdAt } = presentOf(await keyring());
      return { providerKey: id, state: 'usable', createdAt, deletedAfter: undefined };
    },
    probe: async (probe) => {
      await keyring();
      for (const key of [...probe.unwrap, ...probe.rewrap]) await using(unwrap(key), () => undefined);
    },
    close: () => {
      // Only what was opened can be forgotten; a keyring still being opened has no reader left.
      void opened?.then(
        ({ entries }) => entries.forEach(({ key }) => key.destroy()),
        () => undefined,
      );
      opened = undefined;
    },
  };
}

async function using<Result>(
  dataKey: Promise<DataKey>,
  work: (dataKey: DataKey) => Result | Promise<Result>,
): Promise<Result> {
  const key = await dataKey;
  try {
    return await work(key);
  } finally {
    key.destroy();
  }
}

function wrapWith(keyring: Keyring, dataKey: DataKey, context: KeyContext): WrappedKey {
  const { id, key } = presentOf(keyring);
  const bytes = wrapBytes(key.expose(), dataKey.expose(), boundTo(id, context));
  return { wrapped: Buffer.concat([Buffer.of(VERSION), bytes]).toString('base64'), providerKey: id, context };
}

function unwrapWith(keyring: Keyring, { wrapped, providerKey, context }: WrappedKey, path: string): DataKey {
  const entry = keyring.entries.find(({ id }) => id === providerKey);
  if (entry === undefined) {
    throw new OrdersyncError('config', `the keyring ${path} does not hold the key ${providerKey}`, {
      hint: 'this database was encrypted with another keyring, or an older copy of the file was put in its place',
      facts: { path, provider_key: providerKey, reason: 'key_not_found' satisfies KeyringFault },
    });
  }
  const bytes = Buffer.from(wrapped, 'base64');
  const known = bytes.length === WRAPPED_BYTES && bytes[0] === VERSION;
  const dataKey = known ? unwrapBytes(entry.key.expose(), bytes.subarray(1), boundTo(providerKey, context)) : undefined;
  if (dataKey !== undefined) return new Secret('data key', dataKey);
  throw new OrdersyncError(
    'decrypt_failed',
    `the wrapped key does not belong to the keyring key ${providerKey} and its context`,
    {
      hint: 'the row in encryption_data_keys or blind_index_keys was changed; restore it from a backup',
      facts: { provider_key: providerKey, reason: 'wrong_key_or_context' satisfies KeyringFault },
    },
  );
}

function presentOf({ entries }: Keyring): Keyring['entries'][number] {
  const last = entries.at(-1);
  if (last === undefined) throw new TypeError('a keyring has at least one key');
  return last;
}

/** The context with its members in the order of their names, so that equal contexts give equal text. */
function boundTo(id: string, context: KeyContext): string {
  const sorted = Object.entries(context).sort(([one], [two]) => (one < two ? -1 : 1));
  return `ordersync-keyring-1|data|${id}|${JSON.stringify(sorted)}`;
}
