import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { exitCodeOf } from '../../../src/cli/exit.ts';
import { OrdersyncError } from '../../../src/errors.ts';
import { initKeyring, openKeyring } from '../../../src/keystore/local/keyring.ts';
import { initWithWords, passphrase, rewriteFile, useFolder, WORDS } from './fixture.ts';

const env = useFolder();

async function failure(words = WORDS): Promise<{ reason: unknown; exit: number; message: string }> {
  const error = await openKeyring(env.access, passphrase(words)).then(
    () => new Error('it opened'),
    (error: unknown) => error,
  );
  if (!(error instanceof OrdersyncError)) throw error;
  return { reason: error.details.facts?.['reason'], exit: exitCodeOf(error), message: error.message };
}

test('a wrong passphrase is told from a damaged file, whichever character is damaged', async () => {
  await initWithWords(env.access);
  expect(await failure('a wrong passphrase')).toEqual({
    reason: 'wrong_passphrase',
    exit: 3,
    message: `the passphrase does not open the keyring ${env.access.path}`,
  });
  const text = readFileSync(env.access.path, 'utf8');
  const values = [...text.matchAll(/"(?:salt|check|id|created_at|wrapped|mac|checksum)": "[^"]*"|"[Nrp]": \d+/gu)];
  expect(values).toHaveLength(10);
  for (const { 0: member, index } of values) {
    const at = index + member.length - 2;
    writeFileSync(env.access.path, text.slice(0, at) + (text[at] === '4' ? '5' : '4') + text.slice(at + 1));
    expect([member, await failure()]).toMatchObject([member, { reason: 'damaged_keyring', exit: 5 }]);
    expect([member, await failure('a wrong passphrase')]).toMatchObject([member, { reason: 'damaged_keyring' }]);
  }
});

test.each([0, 1, 100, -1])('a file cut at %i is damaged, not a wrong passphrase', async (at) => {
  await initWithWords(env.access);
  writeFileSync(env.access.path, readFileSync(env.access.path, 'utf8').trimEnd().slice(0, at));
  expect(await failure()).toMatchObject({ reason: 'damaged_keyring', exit: 5 });
});

test('members that are unknown, missing or of another type are damage', async () => {
  await initWithWords(env.access);
  const original = readFileSync(env.access.path);
  const changes = [
    (file: object) => ({ ...file, extra: 1 }),
    (file: object) => ({ ...file, mac: undefined }),
    (file: object) => ({ ...file, keys: [] }),
    (file: object) => ({ ...file, keys: 'none' }),
    (file: { kdf: object }) => ({ ...file, kdf: { ...file.kdf, N: 2 ** 30 } }),
    (file: { kdf: object }) => ({ ...file, kdf: { ...file.kdf, N: 20_000 } }),
  ] as ((file: unknown) => unknown)[];
  for (const change of changes) {
    writeFileSync(env.access.path, original);
    rewriteFile(env.access.path, change);
    expect(await failure()).toMatchObject({ reason: 'damaged_keyring', exit: 5 });
  }
});

test('another kind of file, and a newer keyring, are named as such', async () => {
  await initWithWords(env.access);
  rewriteFile(env.access.path, (file) => ({ ...file, version: 2 }));
  expect(await failure()).toMatchObject({ reason: 'newer_keyring', exit: 3 });
  for (const other of ['{"name": "package"}', '[]', 'null', '42']) {
    writeFileSync(env.access.path, other);
    expect(await failure()).toMatchObject({ reason: 'not_a_keyring', exit: 3 });
  }
});

test('a key file of another length, and another key file, are told apart', async () => {
  const keyFile = path.join(env.folder, 'master.key');
  const source = { kind: 'key-file' as const, path: keyFile };
  const clock = { now: () => new Date(0) };
  writeFileSync(keyFile, randomBytes(33), { mode: 0o600 });
  await expect(initKeyring(env.access, { source, clock })).rejects.toThrow(
    `the key file ${keyFile} has 33 bytes, not 32`,
  );
  writeFileSync(keyFile, randomBytes(32));
  await initKeyring(env.access, { source, clock });
  writeFileSync(keyFile, randomBytes(32));
  await expect(openKeyring(env.access, source)).rejects.toMatchObject({
    code: 'permission',
    details: { facts: { reason: 'wrong_key_file' } },
  });
});
