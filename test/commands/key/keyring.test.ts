import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../support/io.ts';
import { rowsOf, useKeyCommands } from './fixture.ts';

const OLD = 'correct horse battery staple';
const NEW = 'a completely different one';

describe('key keyring', () => {
  const commands = useKeyCommands();
  let folder: string;
  let file: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'ordersync-keyring-'));
    file = path.join(folder, 'keyring.json');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const keyring = async (words: string, env: Readonly<Record<string, string>> = {}, stdin?: string) =>
    run(['key', 'keyring', ...words.split(' ')], { cwd: folder, env, ...(stdin === undefined ? {} : { stdin }) });

  test('init makes a file that nobody else can read, once, and connects to nothing', async () => {
    const made = await keyring('init --keyring keyring.json --format json', { ORDERSYNC_KEYRING_PASSPHRASE: OLD });
    expect(rowsOf(made)).toEqual([{ action: 'init', file, key: expect.stringMatching(/^kek-[0-9a-f]{16}$/) }]);
    expect(made.stderr).toContain('back it up');
    expect(statSync(file).mode & 0o7777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain(OLD);
    const again = await keyring('init', { ORDERSYNC_KEYRING: file, ORDERSYNC_KEYRING_PASSPHRASE: OLD });
    expect(again).toMatchObject({ code: 4, stderr: expect.stringContaining('there is already a file') });
  });

  test('a short passphrase, a readable passphrase file and no passphrase at all are refused', async () => {
    const other = path.join(folder, 'other.json');
    const short = await keyring(`init --keyring ${other}`, { ORDERSYNC_KEYRING_PASSPHRASE: 'hunter2' });
    expect(short).toMatchObject({ code: 2, stderr: expect.stringContaining('fewer than 12 characters') });
    const open = path.join(folder, 'open.txt');
    writeFileSync(open, OLD, { mode: 0o644 });
    const readable = await keyring(`init --keyring ${other}`, { ORDERSYNC_KEYRING_PASSPHRASE_FILE: open });
    expect(readable).toMatchObject({ code: 3, stderr: expect.stringContaining('is open to other users') });
    const none = await keyring(`init --keyring ${other}`);
    expect(none).toMatchObject({ code: 3, stderr: expect.stringContaining('ORDERSYNC_KEYRING_PASSPHRASE_FILE') });
    expect(await keyring('init')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no keyring file is named'),
    });
  });

  test('change-passphrase keeps the keys: what was wrapped before still opens, with the new one only', async () => {
    const env = { ORDERSYNC_KEYRING: file, ORDERSYNC_KEYRING_KEY_FILE: '', ORDERSYNC_KEY_PROVIDER: 'local' };
    const old = path.join(folder, 'old.txt');
    writeFileSync(old, `${OLD}\n`, { mode: 0o600 });
    const created = await commands.key('create', { env: { ...env, ORDERSYNC_KEYRING_PASSPHRASE_FILE: old } });
    expect(created).toMatchObject({ code: 0 });

    const unset = await keyring('change-passphrase', { ...env, ORDERSYNC_KEYRING_PASSPHRASE: OLD });
    expect(unset).toMatchObject({ code: 3, stderr: expect.stringContaining('ORDERSYNC_KEYRING_NEW_PASSPHRASE_FILE') });
    const changed = await keyring('change-passphrase', {
      ...env,
      ORDERSYNC_KEYRING_PASSPHRASE: OLD,
      ORDERSYNC_KEYRING_NEW_PASSPHRASE: NEW,
    });
    expect(changed).toMatchObject({ code: 0, stderr: expect.stringContaining('the keys are the same') });

    const place = 'encrypt --table users --column name_encrypted --id 0190a2b4-7c3e-7d51-8f00-112233445566';
    const shut = await commands.key(place, { env: { ...env, ORDERSYNC_KEYRING_PASSPHRASE: OLD }, stdin: 'x' });
    expect(shut).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('the passphrase does not open the keyring'),
    });
    const opened = await commands.key(place, { env: { ...env, ORDERSYNC_KEYRING_PASSPHRASE: NEW }, stdin: 'x' });
    expect(opened).toMatchObject({ code: 0, stdout: expect.stringMatching(/^os1_/) });
  });

  test('add-key and rewrap move every key to the new one, without touching a row; a key file opens it from then on', async () => {
    const env = { ORDERSYNC_KEYRING: file, ORDERSYNC_KEYRING_KEY_FILE: '', ORDERSYNC_KEYRING_PASSPHRASE: NEW };
    const [added] = rowsOf(await keyring('add-key --format json', env));
    expect(await commands.key('rewrap --to kek-0000000000000000', { env })).toMatchObject({
      code: 4,
      stderr: expect.stringContaining(`the keyring wraps with ${String(added?.['key'])}`),
    });
    const rewrapped = rowsOf(await commands.key('rewrap --format json', { env }));
    expect(rewrapped.map(({ state, wrapped_by }) => ({ state, wrapped_by }))).toEqual(
      Array.from({ length: 7 }, () => ({ state: 'rewrapped', wrapped_by: added?.['key'] })),
    );
    expect((await commands.key('rewrap', { env })).stderr).toContain('already');

    const keyFile = path.join(folder, 'master.key');
    writeFileSync(keyFile, randomBytes(32), { mode: 0o600 });
    expect(await keyring('change-passphrase', { ...env, ORDERSYNC_KEYRING_NEW_KEY_FILE: keyFile })).toMatchObject({
      code: 0,
    });
    const verified = await commands.key('verify', {
      env: { ORDERSYNC_KEYRING: file, ORDERSYNC_KEYRING_KEY_FILE: keyFile },
    });
    expect(verified).toMatchObject({ code: 0 });
  });
});
