import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openKeyring } from '../../../src/keystore/local/keyring.ts';
import { createLocalKeyStore } from '../../../src/keystore/local/store.ts';
import { passphrase, useFolder } from './fixture.ts';

interface KeyringVector {
  readonly passphrase: string;
  readonly keys: Readonly<Record<string, string>>;
  readonly file: unknown;
  readonly context: Readonly<Record<string, string>>;
  readonly data_key: string;
  readonly wrapped: Readonly<Record<string, string>>;
}

const vector = JSON.parse(
  readFileSync(new URL('../../vectors/keyring.json', import.meta.url), 'utf8'),
) as KeyringVector;
const env = useFolder();

test('a keyring made by another implementation opens, with the same keys', async () => {
  writeFileSync(env.access.path, JSON.stringify(vector.file), { mode: 0o600 });
  const { entries } = await openKeyring(env.access, passphrase(vector.passphrase));
  const keys = entries.map(({ id, key }) => [id, key.expose().toString('hex')]);
  expect(keys).toEqual(Object.entries(vector.keys));
});

test('a data key wrapped by another implementation is unwrapped', async () => {
  writeFileSync(env.access.path, JSON.stringify(vector.file), { mode: 0o600 });
  const store = createLocalKeyStore({ ...env.access, source: passphrase(vector.passphrase) });
  expect(Object.keys(vector.wrapped)).toHaveLength(2);
  for (const [providerKey, wrapped] of Object.entries(vector.wrapped)) {
    const dataKey = await store.unwrap({ wrapped, providerKey, context: vector.context });
    expect(dataKey.expose().toString('hex')).toBe(vector.data_key);
  }
});
