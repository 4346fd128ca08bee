import { hostname } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import type { Clock, Context, KeyringFile, KeyStoreRequest } from '../context.ts';
import { OrdersyncError } from '../errors.ts';
import type { KeyStore } from '../keystore/keystore.ts';
import type { MasterSource } from '../keystore/local/master.ts';
import type { Configuration } from './config.ts';
import type { Io } from './io.ts';
import type { KeySettings } from './key-settings.ts';
import { resolveKeySettings } from './key-settings.ts';
import type { SecretInput } from './secret-input.ts';
import { createSecretInput } from './secret-input.ts';

export interface KeyStoreOwner extends Pick<Context, 'keys' | 'keyring' | 'readSecret'> {
  /** Forgets every key. */
  close(): Promise<void>;
}

export interface KeyStoreNeeds {
  readonly configuration: () => Promise<Configuration>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const PASSPHRASE = 'ORDERSYNC_KEYRING_PASSPHRASE';
const NEW_PASSPHRASE = 'ORDERSYNC_KEYRING_NEW_PASSPHRASE';
const NEW_KEY_FILE = 'ORDERSYNC_KEYRING_NEW_KEY_FILE';

/** Key stores are opened at the first need: a command that needs no key asks for no passphrase and calls no KMS. */
export function createKeyStores(io: Io, needs: KeyStoreNeeds): KeyStoreOwner {
  const opened = new Map<string, Promise<KeyStore>>();
  const uid = process.geteuid?.();
  const input = createSecretInput(io, { signal: needs.signal, uid });
  return {
    keys: (request = {}) => {
      const name = JSON.stringify(request);
      const known = opened.get(name);
      if (known !== undefined) return known;
      const store = openStore(io, needs, input, request);
      opened.set(name, store);
      return store;
    },
    keyring: async ({ path }) => {
      const settings = resolveKeySettings(io, await needs.configuration());
      const configured = settings?.provider === 'local' ? settings : undefined;
      const file = path === undefined ? configured?.keyring : resolve(io.cwd, path);
      if (file === undefined) throw noKeyring();
      return {
        access: { path: file, uid, holder: `pid ${process.pid} on ${hostname()}` },
        opener: openerOf(input, { keyring: file, keyFile: configured?.keyFile }),
        newOpener: (use) => newOpenerOf(io, input, { use, file, keyFile: configured?.keyFile }),
      } satisfies KeyringFile;
    },
    readSecret: async (question) => input.value(question),
    close: async () => {
      for (const store of await Promise.allSettled(opened.values()))
        if (store.status === 'fulfilled') store.value.close();
    },
  };
}

async function openStore(
  io: Io,
  { configuration, clock, signal }: KeyStoreNeeds,
  input: SecretInput,
  { kmsKey, timeoutMs }: KeyStoreRequest,
): Promise<KeyStore> {
  const settings = resolveKeySettings(io, await configuration());
  if (settings === undefined) throw notConfigured();
  const { unwrapOnce } = await import('../keystore/unwrap-once.ts');
  if (settings.provider === 'local') {
    const { keyring, keyFile } = settings;
    if (keyring === undefined) throw noKeyring();
    const { createLocalKeyStore } = await import('../keystore/local/store.ts');
    const source = openerOf(input, { keyring, keyFile });
    return unwrapOnce(createLocalKeyStore({ path: keyring, uid: process.geteuid?.(), source }));
  }
  const { region, endpoint, profile } = settings;
  const key = kmsKey ?? settings.key;
  if (key === undefined) {
    throw new OrdersyncError('config', 'no KMS key is configured', {
      hint: 'set ORDERSYNC_KMS_KEY to its id, ARN or alias, or name it in the project file',
    });
  }
  const { createKmsKeyStore } = await import('../keystore/aws-kms/store.ts');
  const connection = { region, endpoint, profile, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  return unwrapOnce(createKmsKeyStore({ clock, signal, random: Math.random }, { key, ...connection }));
}

function openerOf(
  input: SecretInput,
  { keyring, keyFile }: Pick<KeySettings & { provider: 'local' }, 'keyFile'> & { readonly keyring: string },
): MasterSource {
  if (keyFile !== undefined) return { kind: 'key-file', path: keyFile };
  return {
    kind: 'passphrase',
    read: async () => input.passphrase(PASSPHRASE, `Passphrase of the keyring ${keyring}:`),
  };
}

function newOpenerOf(
  io: Io,
  input: SecretInput,
  {
    use,
    file,
    keyFile,
  }: { readonly use: 'init' | 'change'; readonly file: string; readonly keyFile: string | undefined },
): MasterSource {
  const named = io.env[NEW_KEY_FILE];
  const path = use === 'init' ? keyFile : named && resolve(io.cwd, named);
  if (path) return { kind: 'key-file', path };
  const question = `New passphrase for the keyring ${file}, at least 12 characters:`;
  const variable = use === 'init' ? PASSPHRASE : NEW_PASSPHRASE;
  return { kind: 'passphrase', read: async () => input.newPassphrase(variable, question) };
}

function notConfigured(): OrdersyncError {
  return new OrdersyncError('config', 'no key provider is configured', {
    hint: 'set ORDERSYNC_KMS_KEY or ORDERSYNC_KEYRING, or "keys" of the environment in ordersync.config.json',
  });
}

function noKeyring(): OrdersyncError {
  return new OrdersyncError('config', 'no keyring file is named', {
    hint: 'set ORDERSYNC_KEYRING, or "keys" of the environment in ordersync.config.json',
  });
}
