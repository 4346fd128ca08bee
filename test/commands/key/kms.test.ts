import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { environmentOf, setAwsEnvironment } from '../../keystore/aws-kms/fixture.ts';
import { run } from '../../support/io.ts';
import type { Key } from '../../support/kms/keys.ts';
import type { FakeKms } from '../../support/kms/server.ts';
import { startKms } from '../../support/kms/server.ts';
import { createKmsKeyStore } from '../../../src/keystore/aws-kms/store.ts';
import { systemClock } from '../../../src/cli/session.ts';
import { unwrapOnce } from '../../../src/keystore/unwrap-once.ts';
import { fillEveryTable, startApplication } from '../../support/application.ts';
import { useSchema } from '../../support/schema.ts';
import { rowsOf } from './fixture.ts';

describe('the key commands with AWS KMS', () => {
  const database = useSchema();
  const sql = () => database.current.sql;
  let kms: FakeKms;
  let first: Key;
  let restore: () => void;

  const key = async (words: string, options: { readonly stdin?: string; readonly kmsKey?: string } = {}) =>
    run(['key', ...words.split(' ')], {
      env: { ORDERSYNC_DATABASE_URL: database.current.url, ORDERSYNC_KMS_KEY: options.kmsKey ?? 'alias/shop' },
      ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    });
  let before: Readonly<Record<'GenerateDataKey' | 'Decrypt' | 'ReEncrypt' | 'Encrypt', number>>;
  const counts = () => ({
    GenerateDataKey: kms.count('GenerateDataKey'),
    Decrypt: kms.count('Decrypt'),
    ReEncrypt: kms.count('ReEncrypt'),
    Encrypt: kms.count('Encrypt'),
  });
  /** Calls that KMS carried out since the test began; a dry run is not one. */
  const calls = () => {
    const now = counts();
    return {
      generated: now.GenerateDataKey - before.GenerateDataKey,
      decrypted: now.Decrypt - before.Decrypt,
      reencrypted: now.ReEncrypt - before.ReEncrypt,
      encrypted: now.Encrypt - before.Encrypt,
    };
  };

  beforeAll(async () => {
    kms = await startKms();
    restore = setAwsEnvironment(environmentOf(kms));
    first = kms.keys.create({ alias: 'alias/shop' });
    before = counts();
  });
  beforeEach(() => {
    before = counts();
  });
  afterAll(async () => {
    restore();
    await kms.close();
  });

  test('create: one GenerateDataKey and one Decrypt for each key; the ARN is kept, not the alias', async () => {
    const ran = await key('create');
    expect(ran).toMatchObject({ code: 0 });
    expect(calls()).toEqual({ generated: 7, decrypted: 7, reencrypted: 0, encrypted: 0 });
    expect(await sql()`select distinct provider, provider_key from encryption_data_keys`).toEqual([
      { provider: 'aws-kms', provider_key: first.arn },
    ]);
    expect(await key('create')).toMatchObject({ code: 0 });
    expect(calls()).toEqual({ generated: 7, decrypted: 7, reencrypted: 0, encrypted: 0 });
  });

  test('list, status and a dry run of create: none', async () => {
    for (const words of ['list', 'status', 'create --dry-run', 'create --type pii']) await key(words);
    expect(calls()).toEqual({ generated: 0, decrypted: 0, reencrypted: 0, encrypted: 0 });
  });

  test('verify: one Decrypt for each key that is met, whatever the number of rows', async () => {
    const store = unwrapOnce(
      createKmsKeyStore(
        { clock: systemClock(), signal: new AbortController().signal, random: Math.random },
        { key: 'alias/shop' },
      ),
    );
    onTestFinished(() => store.close());
    const application = await startApplication(database.current.url, store);
    await fillEveryTable(sql(), application);
    before = counts();
    expect(await key('verify')).toMatchObject({ code: 0 });
    // Three data keys, and the blind indexes of e-mail, address and external id.
    expect(calls()).toEqual({ generated: 0, decrypted: 6, reencrypted: 0, encrypted: 0 });
    for (let user = 0; user < 3000; user += 1) await application.addUser(sql(), `user${user}@example.com`);
    before = counts();
    expect(await key('verify')).toMatchObject({ code: 0 });
    expect(calls()).toEqual({ generated: 0, decrypted: 6, reencrypted: 0, encrypted: 0 });
  });

  test('encrypt and decrypt: one Decrypt each', async () => {
    const place = '--table users --column name_encrypted --id 0190a2b4-7c3e-7d51-8f00-112233445566';
    const { stdout } = await key(`encrypt ${place}`, { stdin: 'minji' });
    expect(await key(`decrypt ${place} --reason x`, { stdin: stdout })).toMatchObject({ stdout: 'minji\n' });
    expect(calls()).toEqual({ generated: 0, decrypted: 2, reencrypted: 0, encrypted: 0 });
  });

  test('rewrap: what stops is continued, and no row of data is touched', async () => {
    const second = kms.keys.create({ alias: 'alias/shop-2' });
    const fingerprint = async () => sql()`
      select (select md5(string_agg(xmin::text || ctid::text, ',' order by id)) from users) as users,
             (select md5(string_agg(xmin::text || ctid::text, ',' order by id)) from audit_logs where action = 'LOGIN') as audit`;
    const rows = await fingerprint();
    const planned = await key('rewrap --to alias/shop-2 --dry-run --format json');
    expect(rowsOf(planned).map(({ state }) => state)).toEqual(Array.from({ length: 7 }, () => 'to rewrap'));
    expect(calls()).toEqual({ generated: 0, decrypted: 0, reencrypted: 0, encrypted: 0 });

    // Disabled as soon as two keys are wrapped with it, opened again and compared.
    Object.defineProperty(second, 'state', {
      get: () => (calls().decrypted < 2 ? 'Enabled' : 'Disabled'),
      configurable: true,
    });
    const stopped = await key('rewrap --to alias/shop-2');
    expect(stopped.code).toBe(6);
    expect(stopped.stderr).toMatch(/stopped at .*, after 2 of 7 keys/);
    expect(calls()).toMatchObject({ reencrypted: 2, decrypted: 2 });

    Object.defineProperty(second, 'state', { value: 'Enabled', writable: true });
    const continued = await key('rewrap --to alias/shop-2 --format json');
    expect(continued.code).toBe(0);
    expect(rowsOf(continued).filter(({ state }) => state === 'rewrapped')).toHaveLength(5);
    expect(calls()).toEqual({ generated: 0, decrypted: 7, reencrypted: 7, encrypted: 0 });
    expect(
      await sql()`
      select provider_key from encryption_data_keys union select provider_key from blind_index_keys`,
    ).toEqual([{ provider_key: second.arn }]);
    expect(await fingerprint()).toEqual(rows);
    expect(await sql()`select count(*)::int from audit_logs where action = 'REWRAP_KEY'`).toEqual([{ count: 7 }]);
    expect((await key('rewrap --to alias/shop-2')).stderr).toContain('already');
    expect(await key('verify --table users', { kmsKey: 'alias/shop-2' })).toMatchObject({ code: 0 });
  });

  test('a KMS that refuses is named with its own message, and nothing is changed', async () => {
    const third = kms.keys.create({ alias: 'alias/shop-3' });
    third.state = 'Disabled';
    expect(await key('rewrap --to alias/shop-3')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('is disabled'),
    });
    expect(await key('rewrap --to alias/nobody')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('there is no KMS key alias/nobody'),
    });
    await sql()`update encryption_data_keys set context = context || '{"version": "7"}' where kid = (select min(kid) from encryption_data_keys)`;
    expect(await key('verify')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('does not belong to the KMS key'),
    });
    expect(calls()).toMatchObject({ generated: 0, reencrypted: 0 });
  });
});
