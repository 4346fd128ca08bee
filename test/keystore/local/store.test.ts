import { expect, test } from 'vitest';
import { addKeyringKey, initKeyring } from '../../../src/keystore/local/keyring.ts';
import type { MasterSource } from '../../../src/keystore/local/master.ts';
import { createLocalKeyStore } from '../../../src/keystore/local/store.ts';
import { blindIndexContext, dataKeyContext } from '../../../src/keystore/keystore.ts';
import { clock, FAST, initWithWords, passphrase, useFolder, WORDS } from './fixture.ts';

const env = useFolder();
const context = dataKeyContext({ keyType: 'pii', version: 1 });

test('a data key is made, unwrapped and wrapped again with the newest key of the keyring', async () => {
  const first = await initWithWords(env.access);
  const store = createLocalKeyStore({ ...env.access, source: passphrase(WORDS) });
  const made = await store.generateDataKey(context);
  expect(made).toMatchObject({ providerKey: first, context });
  expect((await store.unwrap(made)).expose().equals(made.dataKey.expose())).toBe(true);
  expect(await store.describe()).toEqual({
    providerKey: first,
    state: 'usable',
    createdAt: clock.now(),
    deletedAfter: undefined,
  });

  const second = await addKeyringKey(env.access, { source: passphrase(WORDS), clock });
  const later = createLocalKeyStore({ ...env.access, source: passphrase(WORDS) });
  const rewrapped = await later.rewrap(made);
  expect(rewrapped.providerKey).toBe(second);
  for (const wrapped of [made, rewrapped])
    expect((await later.unwrap(wrapped)).expose().equals(made.dataKey.expose())).toBe(true);
  await later.probe({ create: [context], unwrap: [made, rewrapped], rewrap: [made] });
});

test('the passphrase is asked for once, and again only after it was wrong', async () => {
  await initWithWords(env.access);
  const answers = ['a wrong passphrase', WORDS];
  let asked = 0;
  const source: MasterSource = {
    kind: 'passphrase',
    read: () => {
      asked += 1;
      const given = passphrase(answers.shift() ?? '');
      return given.kind === 'passphrase' ? given.read() : Promise.reject(new Error('no passphrase'));
    },
  };
  const store = createLocalKeyStore({ ...env.access, source });
  expect(asked).toBe(0);
  await expect(store.describe()).rejects.toMatchObject({ code: 'permission' });
  const made = await Promise.all(
    [1, 2, 3].map((version) => store.generateDataKey(dataKeyContext({ keyType: 'pii', version }))),
  );
  await Promise.all(made.map((key) => store.unwrap(key)));
  expect(asked).toBe(2);
});

test('a wrapped key opens under its own context only, and not after a change', async () => {
  await initWithWords(env.access);
  const store = createLocalKeyStore({ ...env.access, source: passphrase(WORDS) });
  const made = await store.generateDataKey(context);
  const bytes = Buffer.from(made.wrapped, 'base64');
  const flipped = Array.from(bytes, (byte, index) =>
    Buffer.from(bytes)
      .fill(byte ^ 1, index, index + 1)
      .toString('base64'),
  );
  const wrong = [
    { ...made, context: dataKeyContext({ keyType: 'pii', version: 2 }) },
    { ...made, context: blindIndexContext({ purpose: 'email', version: 1 }) },
    { ...made, context: {} },
    ...[...flipped, '', made.wrapped.slice(0, 40)].map((wrapped) => ({ ...made, wrapped })),
  ];
  for (const key of wrong)
    await expect(store.unwrap(key)).rejects.toMatchObject({
      code: 'decrypt_failed',
      details: { facts: { reason: 'wrong_key_or_context' } },
    });
  const reordered = Object.fromEntries(Object.entries(context).toReversed());
  await expect(store.unwrap({ ...made, context: reordered })).resolves.toBeDefined();
});

test('a key of another keyring is told from a changed one', async () => {
  await initWithWords(env.access);
  const store = createLocalKeyStore({ ...env.access, source: passphrase(WORDS) });
  const made = await store.generateDataKey(context);
  const other = { ...env.access, path: `${env.access.path}.other` };
  await initKeyring(other, { source: passphrase(WORDS), clock, cost: FAST });
  await expect(createLocalKeyStore({ ...other, source: passphrase(WORDS) }).unwrap(made)).rejects.toThrow(
    `the keyring ${other.path} does not hold the key ${made.providerKey}`,
  );
});

test('closing forgets the keys of the keyring', async () => {
  await initWithWords(env.access);
  let asked = 0;
  const given = passphrase(WORDS);
  const source: MasterSource = {
    kind: 'passphrase',
    read: () => {
      asked += 1;
      return given.kind === 'passphrase' ? given.read() : Promise.reject(new Error('no passphrase'));
    },
  };
  const store = createLocalKeyStore({ ...env.access, source });
  await store.describe();
  store.close();
  await store.describe();
  expect(asked).toBe(2);
});
