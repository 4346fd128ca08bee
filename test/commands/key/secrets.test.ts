import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { key as keyNoun } from '../../../src/commands/key/index.ts';
import { changeKeyringMaster, openKeyring } from '../../../src/keystore/local/keyring.ts';
import { createLocalKeyStore } from '../../../src/keystore/local/store.ts';
import { FAST } from '../../keystore/local/fixture.ts';
import type { Application } from '../../support/application.ts';
import { fillEveryTable, startApplication } from '../../support/application.ts';
import { run } from '../../support/io.ts';
import type { Ran } from '../../support/io.ts';
import { runProgram, useBuild } from '../../support/program.ts';
import { createRole } from '../../support/roles.ts';
import type { TestRole } from '../../support/roles.ts';
import { useSchema } from '../../support/schema.ts';
import { markServerLog, readServerLog } from '../../support/server-log.ts';

/** Words that are planted where secrets are; none of them may show anywhere but on decrypt's standard output. */
const PASSPHRASE = 'hunter2-passphrase-in-many-words';
const NEW_PASSPHRASE = 'hunter3-passphrase-in-many-words';
const PLAINTEXT = 'hunter4 plaintext 김민지';
const PASSWORD = 'hunter5-password';
const STORED = 'hunter6 stored in clear';

const database = useSchema();
const ran: (Ran & { readonly words: string })[] = [];
let folder: string;
let file: string;
let role: TestRole;
let application: Application;
let log: number;

const sql = () => database.current.sql;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'ordersync-secrets-'));
  file = path.join(folder, 'keyring.json');
  role = await createRole();
  await sql().unsafe(`alter role ${role.user} superuser password '${PASSWORD}'`);
  // Every statement with its parameters: nothing may be sent to the server either.
  await sql().unsafe(`alter role ${role.user} set log_statement = 'all'`);
  log = await markServerLog();
});
afterAll(async () => {
  await sql().unsafe(`alter role ${role.user} nosuperuser`);
  rmSync(folder, { recursive: true });
});

const environment = () => ({
  ORDERSYNC_DATABASE_URL: database.current.urlFor({ user: role.user, password: PASSWORD }),
  ORDERSYNC_KEYRING: file,
  ORDERSYNC_KEYRING_PASSPHRASE: PASSPHRASE,
});

async function key(
  words: string,
  { stdin, env = {} }: { readonly stdin?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Ran> {
  const input = stdin === undefined ? {} : { stdin };
  const result = await run(['key', ...words.split(' ')], { env: { ...environment(), ...env }, ...input });
  ran.push({ ...result, words });
  return result;
}

test('every key command runs, well and badly, in every form', async () => {
  expect((await key('keyring init')).code).toBe(0);
  const source = { kind: 'passphrase' as const, read: async () => passphrase() };
  // The same keys under the same passphrase: at the price of a real one the thirty openings to come take a minute.
  await changeKeyringMaster(
    { path: file, uid: process.geteuid?.(), holder: 'test' },
    { from: source, to: source, cost: FAST },
  );
  expect((await key('create --verbose')).code).toBe(0);
  application = await startApplication(
    database.current.url,
    createLocalKeyStore({ path: file, uid: process.geteuid?.(), source }),
  );
  await fillEveryTable(sql(), application);
  const user = await application.addUser(sql(), 'hunter4@example.com');
  await sql()`update users set name_encrypted = ${STORED}, phone_encrypted = ${`os1_${STORED}`} where id = ${user}`;

  const place = `--table users --column name_encrypted --id ${user}`;
  for (const form of ['--format table --debug', '--format json', '--format csv --verbose', '--progress json --debug']) {
    for (const words of [
      'list',
      'status',
      'status --check',
      'verify',
      'verify --sample 50%',
      'rewrap',
      'create',
      'rotate',
      // These look at everything, which takes a while: once for people, once for machines.
      ...(form.includes('--debug')
        ? ['rotate --if-older-than 0 --dry-run', 'rotate --type pii --if-older-than 0 --grace 0 --full-speed']
        : []),
      'rotate --status',
      'rotate --abort',
      'rotate-index email status',
      'retire --key pii-v1',
      'destroy pii-v1 --yes',
    ]) {
      await key(`${words} ${form}`);
    }
    const { stdout: encrypted } = await key(`encrypt ${place} ${form}`, { stdin: PLAINTEXT });
    expect(encrypted).toContain('os1_');
    await key(`decrypt ${place} --reason x ${form}`, { stdin: PLAINTEXT });
    await key(`decrypt ${place} --reason x ${form}`, { stdin: `os1_${PLAINTEXT}` });
    await key(`encrypt --table users --column nothing --id ${user} ${form}`, { stdin: PLAINTEXT });
    await key(`list ${form}`, { env: { ORDERSYNC_KEYRING_PASSPHRASE: '' } });
    await key(`encrypt ${place} ${form}`, { stdin: PLAINTEXT, env: { ORDERSYNC_KEYRING_PASSPHRASE: NEW_PASSPHRASE } });
  }
  const text = application.encrypt('users', 'name_encrypted', user, PLAINTEXT)['name_encrypted'] ?? '';
  const decrypted = await key(`decrypt ${place} --reason x --debug`, { stdin: text });
  expect(decrypted.stdout).toBe(`${PLAINTEXT}\n`);
  ran.splice(-1, 1, { ...decrypted, stdout: '', words: 'decrypt' });
  await key('keyring add-key --debug');
  await key('keyring change-passphrase --debug', { env: { ORDERSYNC_KEYRING_NEW_PASSPHRASE: NEW_PASSPHRASE } });
  await key('keyring change-passphrase --debug', { env: { ORDERSYNC_KEYRING_NEW_PASSPHRASE: 'hunter3' } });
  expect(new Set(ran.map(({ words }) => words.split(' ')[0]))).toEqual(new Set(Object.keys(keyNoun.verbs)));
});

test('nothing of them shows: standard output, standard error, JSON, traces, the log of a server that logs every statement, audit log', async () => {
  const keyBytes = await bytesOfKeyring();
  expect(keyBytes.length).toBe(2);
  const secrets = [PASSPHRASE, NEW_PASSPHRASE, PLAINTEXT, PASSWORD, STORED, 'hunter', ...keyBytes.flatMap(spellingsOf)];
  const leaks = (text: string): string[] => secrets.filter((secret) => text.includes(secret));
  expect(ran.length).toBeGreaterThan(50);
  for (const { words, stdout, stderr } of ran) expect([words, leaks(stdout), leaks(stderr)]).toEqual([words, [], []]);
  const entries = await readServerLog(log, { database: database.current.name });
  const mine = entries.filter((entry) => entry.includes('/ordersync key '));
  expect(mine.length).toBeGreaterThan(200);
  expect(mine.flatMap(leaks)).toEqual([]);
  const audit = await sql()<
    { text: string }[]
  >`select audit_logs::text as text from audit_logs where action like '%\\_KEY' or action = 'DECRYPT_VALUE'`;
  expect(audit.length).toBeGreaterThan(10);
  expect(audit.flatMap((row) => leaks(row.text))).toEqual([]);
});

describe('as a process of its own', () => {
  useBuild();

  test('the process list shows the words of the call and nothing else', async () => {
    const seen: string[] = [];
    const ended = new AbortController();
    const program = runProgram(['key', 'verify', '--progress', 'none'], {
      env: { ...environment(), ORDERSYNC_KEYRING_PASSPHRASE: NEW_PASSPHRASE },
    }).finally(() => {
      ended.abort();
    });
    while (!ended.signal.aborted) seen.push((await promisify(execFile)('ps', ['-eo', 'args'])).stdout);
    expect((await program).code).toBe(5);
    const lines = seen.join('\n').split('\n');
    const of = (part: string) => lines.filter((line) => line.includes(part));
    expect(of('key verify --progress none').length).toBeGreaterThan(0);
    expect(of(`${role.user} ${database.current.name}`).length).toBeGreaterThan(0);
    expect(of('hunter')).toEqual([]);
  });
});

test('an inspected store, key or context shows no bytes', async () => {
  const { inspect } = await import('node:util');
  const source = { kind: 'passphrase' as const, read: async () => passphrase(NEW_PASSPHRASE) };
  const store = createLocalKeyStore({ path: file, uid: process.geteuid?.(), source });
  const made = await store.generateDataKey({ app: 'ordersync', use: 'data-key', key_type: 'pii', version: '1' });
  const shown = inspect({ made, store }, { depth: 9, showHidden: true });
  expect(spellingsOf(made.dataKey.expose()).filter((spelling) => shown.includes(spelling))).toEqual([]);
  expect(() => JSON.stringify(made)).toThrow('cannot become JSON');
});

async function passphrase(words = PASSPHRASE) {
  const { Secret } = await import('../../../src/crypto/secret.ts');
  return new Secret('passphrase', Buffer.from(words, 'utf8'));
}

async function bytesOfKeyring(): Promise<readonly Buffer[]> {
  const source = { kind: 'passphrase' as const, read: async () => passphrase(NEW_PASSPHRASE) };
  const { entries } = await openKeyring({ path: file, uid: process.geteuid?.() }, source);
  expect(readFileSync(file, 'utf8')).not.toContain('hunter');
  return entries.map((entry) => Buffer.from(entry.key.expose()));
}

function spellingsOf(bytes: Buffer): readonly string[] {
  return [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('latin1')];
}
