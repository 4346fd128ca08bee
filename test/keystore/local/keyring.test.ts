import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync, lstatSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { addKeyringKey, changeKeyringMaster, initKeyring, openKeyring } from '../../../src/keystore/local/keyring.ts';
import type { Keyring } from '../../../src/keystore/local/keyring.ts';
import { clock, FAST, initWithWords, passphrase, rewriteFile, useFolder, WORDS } from './fixture.ts';

const env = useFolder();
const bytesOf = (keyring: Keyring) => keyring.entries.map(({ id, key }) => `${id} ${key.expose().toString('hex')}`);

test('a new keyring opens with its passphrase, holds one key, and is readable by its owner only', async () => {
  const id = await initWithWords(env.access);
  const { entries } = await openKeyring(env.access, passphrase(WORDS));
  expect(entries.map((entry) => [entry.id, entry.createdAt])).toEqual([[id, clock.now()]]);
  expect(entries[0]?.key.expose()).toHaveLength(32);
  expect(statSync(env.access.path).mode & 0o7777).toBe(0o600);
  expect(readdirSync(env.folder)).toEqual(['keyring.json']);
});

test('the file says how it was made, and nothing that opens it', async () => {
  await initWithWords(env.access);
  const text = readFileSync(env.access.path, 'utf8');
  expect(JSON.parse(text)).toMatchObject({ format: 'ordersync-keyring', version: 1, kdf: { name: 'scrypt', ...FAST } });
  const [entry] = (await openKeyring(env.access, passphrase(WORDS))).entries;
  for (const secret of [WORDS, entry?.key.expose().toString('base64') ?? '', entry?.key.expose().toString('hex') ?? ''])
    expect(text).not.toContain(secret);
  expect(inspect(entry, { depth: 9, showHidden: true })).toContain('[secret key-encryption key]');
});

test('by default a try of a passphrase costs 2^17 rounds of scrypt', async () => {
  await initKeyring(env.access, { source: passphrase(WORDS), clock });
  expect(JSON.parse(readFileSync(env.access.path, 'utf8'))).toMatchObject({ kdf: { N: 131_072, r: 8, p: 1 } });
  await expect(openKeyring(env.access, passphrase(WORDS))).resolves.toBeDefined();
});

test('an existing file is never replaced by a new keyring', async () => {
  writeFileSync(env.access.path, 'mine');
  await expect(initWithWords(env.access)).rejects.toMatchObject({ code: 'precondition' });
  expect(readFileSync(env.access.path, 'utf8')).toBe('mine');
  expect(readdirSync(env.folder)).toEqual(['keyring.json']);
});

test('a passphrase is the same in composed and decomposed Unicode', async () => {
  await initKeyring(env.access, {
    source: passphrase('비밀번호는 아주 길어야 한다'.normalize('NFD')),
    clock,
    cost: FAST,
  });
  await expect(
    openKeyring(env.access, passphrase('비밀번호는 아주 길어야 한다'.normalize('NFC'))),
  ).resolves.toBeDefined();
});

test.each(['', 'short', 'elevenchars'])(
  'a passphrase as weak as "%s" is refused, and nothing is written',
  async (weak) => {
    await expect(initKeyring(env.access, { source: passphrase(weak), clock, cost: FAST })).rejects.toMatchObject({
      code: 'usage',
    });
    expect(readdirSync(env.folder)).toEqual([]);
  },
);

test('a new passphrase opens the same keys, and the old one no longer opens the file', async () => {
  await initWithWords(env.access);
  const before = bytesOf(await openKeyring(env.access, passphrase(WORDS)));
  await changeKeyringMaster(env.access, {
    from: passphrase(WORDS),
    to: passphrase('another twelve chars'),
    cost: FAST,
  });
  expect(bytesOf(await openKeyring(env.access, passphrase('another twelve chars')))).toEqual(before);
  await expect(openKeyring(env.access, passphrase(WORDS))).rejects.toMatchObject({
    details: { facts: { reason: 'wrong_passphrase' } },
  });
  expect(statSync(env.access.path).mode & 0o7777).toBe(0o600);
});

test('a keyring moves from a passphrase to a key file and back', async () => {
  const keyFile = { kind: 'key-file' as const, path: path.join(env.folder, 'master.key') };
  writeFileSync(keyFile.path, createHash('sha256').update('x').digest(), { mode: 0o600 });
  await initWithWords(env.access);
  const before = bytesOf(await openKeyring(env.access, passphrase(WORDS)));
  await changeKeyringMaster(env.access, { from: passphrase(WORDS), to: keyFile });
  expect(bytesOf(await openKeyring(env.access, keyFile))).toEqual(before);
  await expect(openKeyring(env.access, passphrase(WORDS))).rejects.toThrow(
    `the keyring ${env.access.path} is opened by a key file`,
  );
  await changeKeyringMaster(env.access, { from: keyFile, to: passphrase(WORDS), cost: FAST });
  expect(bytesOf(await openKeyring(env.access, passphrase(WORDS)))).toEqual(before);
  await expect(openKeyring(env.access, keyFile)).rejects.toThrow('is opened by a passphrase');
});

test('an added key comes last, and the older ones stay', async () => {
  const first = await initWithWords(env.access);
  const second = await addKeyringKey(env.access, { source: passphrase(WORDS), clock });
  const { entries } = await openKeyring(env.access, passphrase(WORDS));
  expect(entries.map(({ id }) => id)).toEqual([first, second]);
  expect(first).not.toBe(second);
});

test('a keyring behind a symbolic link is changed where it lies', async () => {
  await initWithWords(env.access);
  const link = path.join(env.folder, 'link.json');
  symlinkSync(env.access.path, link);
  await addKeyringKey({ ...env.access, path: link }, { source: passphrase(WORDS), clock });
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect((await openKeyring(env.access, passphrase(WORDS))).entries).toHaveLength(2);
});

test('whoever reads while the keyring is changed sees a whole file, old or new', async () => {
  await initWithWords(env.access);
  const seen = new Set<number>();
  const changing = new AbortController();
  const reader = (async () => {
    while (!changing.signal.aborted) seen.add((await openKeyring(env.access, passphrase(WORDS))).entries.length);
  })();
  let keys = 1;
  for (; seen.size < 3 && keys < 100; keys += 1) await addKeyringKey(env.access, { source: passphrase(WORDS), clock });
  changing.abort();
  await reader;
  expect(seen.size).toBeGreaterThanOrEqual(3);
  expect((await openKeyring(env.access, passphrase(WORDS))).entries).toHaveLength(keys);
});

test('two who change at once: one does, the other is told who holds the lock', async () => {
  await initWithWords(env.access);
  const attempts = await Promise.allSettled(
    [1, 2, 3, 4].map(() => addKeyringKey(env.access, { source: passphrase(WORDS), clock })),
  );
  const refused = attempts.flatMap((attempt) => (attempt.status === 'rejected' ? [attempt.reason as unknown] : []));
  const added = (await openKeyring(env.access, passphrase(WORDS))).entries.length - 1;
  expect(added + refused.length).toBe(4);
  expect(added).toBeGreaterThan(0);
  for (const error of refused) expect(error).toMatchObject({ code: 'lock_held' });
});

test('a lock that a killed process left is named, with what to do, and nothing is changed', async () => {
  await initWithWords(env.access);
  const before = readFileSync(env.access.path);
  writeFileSync(`${env.access.path}.lock`, 'pid 4711 on elsewhere\n');
  await expect(addKeyringKey(env.access, { source: passphrase(WORDS), clock })).rejects.toMatchObject({
    code: 'lock_held',
    message: `the keyring ${env.access.path} is being changed by pid 4711 on elsewhere`,
    details: { hint: expect.stringContaining(`${env.access.path}.lock`) },
  });
  expect(readFileSync(env.access.path).equals(before)).toBe(true);
});

test('a failed change leaves the old file, no temporary file and no lock', async () => {
  await initWithWords(env.access);
  const before = readFileSync(env.access.path);
  await expect(
    changeKeyringMaster(env.access, { from: passphrase(WORDS), to: passphrase('short') }),
  ).rejects.toMatchObject({ code: 'usage' });
  await expect(
    changeKeyringMaster(env.access, { from: passphrase('not the right one'), to: passphrase(WORDS) }),
  ).rejects.toMatchObject({ code: 'permission' });
  expect(readFileSync(env.access.path).equals(before)).toBe(true);
  expect(readdirSync(env.folder)).toEqual(['keyring.json']);
});

test.each([0o640, 0o604, 0o660, 0o622, 0o611])(
  'mode %o is refused before the passphrase is asked for',
  async (mode) => {
    await initWithWords(env.access);
    chmodSync(env.access.path, mode);
    const source = { kind: 'passphrase' as const, read: () => Promise.reject(new Error('asked')) };
    await expect(openKeyring(env.access, source)).rejects.toMatchObject({
      code: 'permission',
      message: expect.stringContaining(`(mode 0${mode.toString(8)})`),
    });
  },
);

test('a file of another owner, a folder, an endless file and a missing file are refused by name', async () => {
  await initWithWords(env.access);
  await expect(openKeyring({ ...env.access, uid: 4_242 }, passphrase(WORDS))).rejects.toThrow(
    /belongs to user \d+, not to user 4242$/u,
  );
  await expect(openKeyring({ ...env.access, path: env.folder }, passphrase(WORDS))).rejects.toThrow(
    'is not a regular file',
  );
  await expect(openKeyring({ ...env.access, path: '/dev/zero' }, passphrase(WORDS))).rejects.toThrow(
    'is not a regular file',
  );
  await expect(openKeyring({ ...env.access, path: '/nonexistent/keyring' }, passphrase(WORDS))).rejects.toMatchObject({
    code: 'config',
    message: 'there is no keyring at /nonexistent/keyring',
  });
});

test('whoever exchanges, removes or reorders keys without the passphrase is found out, even with a right checksum', async () => {
  await initWithWords(env.access);
  await addKeyringKey(env.access, { source: passphrase(WORDS), clock });
  const original = readFileSync(env.access.path);
  const changes = [
    (keys: unknown[]) => keys.slice(0, 1),
    (keys: unknown[]) => keys.toReversed(),
    (keys: { id: string; wrapped: string }[]) => keys.map((key) => ({ ...key, wrapped: keys[0]?.wrapped })),
    (keys: unknown[]) => [...keys, keys[0]],
  ] as ((keys: unknown) => unknown)[];
  for (const change of changes) {
    writeFileSync(env.access.path, original);
    rewriteFile(env.access.path, ({ format, version, kdf, check, keys, mac }) => {
      const body = { format, version, kdf, check, keys: change(keys), mac };
      return { ...body, checksum: createHash('sha256').update(JSON.stringify(body)).digest('hex') };
    });
    await expect(openKeyring(env.access, passphrase(WORDS))).rejects.toMatchObject({
      code: 'checksum_mismatch',
      details: { facts: { reason: 'changed_keyring' } },
    });
  }
});
