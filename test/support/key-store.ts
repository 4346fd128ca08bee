import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { KeyStore } from '../../src/keystore/keystore.ts';
import { initKeyring } from '../../src/keystore/local/keyring.ts';
import { createLocalKeyStore } from '../../src/keystore/local/store.ts';
import { unwrapOnce } from '../../src/keystore/unwrap-once.ts';

export interface TestKeyring {
  readonly folder: string;
  readonly path: string;
  readonly keyFile: string;
  /** What leads the program to this keyring. */
  readonly env: Readonly<Record<string, string>>;
  /** A store as a new process has it: nothing is unwrapped yet. */
  open(): KeyStore;
}

/** A keyring under a key file, which opens at once, for all tests of a file or describe block. */
export function useKeyring(): TestKeyring {
  const keyring = {} as { -readonly [Name in keyof TestKeyring]: TestKeyring[Name] };
  const stores: KeyStore[] = [];
  beforeAll(async () => {
    keyring.folder = mkdtempSync(path.join(tmpdir(), 'ordersync-keys-'));
    keyring.path = path.join(keyring.folder, 'keyring.json');
    keyring.keyFile = path.join(keyring.folder, 'master.key');
    writeFileSync(keyring.keyFile, randomBytes(32), { mode: 0o600 });
    const uid = process.geteuid?.();
    const source = { kind: 'key-file', path: keyring.keyFile } as const;
    await initKeyring({ path: keyring.path, uid, holder: 'test' }, { source, clock: { now: () => new Date() } });
    keyring.env = {
      ORDERSYNC_KEY_PROVIDER: 'local',
      ORDERSYNC_KEYRING: keyring.path,
      ORDERSYNC_KEYRING_KEY_FILE: keyring.keyFile,
    };
    keyring.open = () => {
      const store = unwrapOnce(createLocalKeyStore({ path: keyring.path, uid, source }));
      stores.push(store);
      return store;
    };
  });
  afterAll(() => {
    for (const store of stores) store.close();
    rmSync(keyring.folder, { recursive: true, force: true });
  });
  return keyring;
}
