import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/cli/session.ts';
import { createKmsKeyStore } from '../../../src/keystore/aws-kms/store.ts';
import type { KeyStore } from '../../../src/keystore/keystore.ts';
import { unwrapOnce } from '../../../src/keystore/unwrap-once.ts';
import { environmentOf, setAwsEnvironment } from '../../keystore/aws-kms/fixture.ts';
import { fillEveryTable, startApplication } from '../../support/application.ts';
import type { Application } from '../../support/application.ts';
import { run } from '../../support/io.ts';
import type { Key } from '../../support/kms/keys.ts';
import type { FakeKms } from '../../support/kms/server.ts';
import { startKms } from '../../support/kms/server.ts';
import { useSchema } from '../../support/schema.ts';

describe('a rotation with AWS KMS', () => {
  const database = useSchema();
  const sql = () => database.current.sql;
  let kms: FakeKms;
  let wrapping: Key;
  let restore: () => void;
  let store: KeyStore;
  let application: Application;
  let before: { GenerateDataKey: number; Decrypt: number; all: number };

  const rotate = async (words: string, onStderr: (text: string) => void = () => undefined) =>
    run(['key', 'rotate', ...words.split(' ')], {
      env: { ORDERSYNC_DATABASE_URL: database.current.url, ORDERSYNC_KMS_KEY: 'alias/shop' },
      onStderr,
    });
  const counts = () => ({
    GenerateDataKey: kms.count('GenerateDataKey'),
    Decrypt: kms.count('Decrypt'),
    all: kms.calls.length,
  });
  /** Calls that KMS carried out since the test began; a dry run is not one. */
  const calls = () => {
    const now = counts();
    return { generated: now.GenerateDataKey - before.GenerateDataKey, decrypted: now.Decrypt - before.Decrypt };
  };

  beforeAll(async () => {
    kms = await startKms();
    restore = setAwsEnvironment(environmentOf(kms));
    wrapping = kms.keys.create({ alias: 'alias/shop' });
    const env = { ORDERSYNC_DATABASE_URL: database.current.url, ORDERSYNC_KMS_KEY: 'alias/shop' };
    await run(['key', 'create'], { env });
    store = unwrapOnce(
      createKmsKeyStore(
        { clock: systemClock(), signal: new AbortController().signal, random: Math.random },
        { key: 'alias/shop' },
      ),
    );
    application = await startApplication(database.current.url, store);
    await fillEveryTable(sql(), application);
  });
  beforeEach(() => {
    before = counts();
  });
  afterAll(async () => {
    store.close();
    restore();
    await kms.close();
  });

  test('a young key, and nothing to resume: KMS hears nothing at all', async () => {
    expect(await rotate('--type all')).toMatchObject({ code: 0 });
    expect(await rotate('--resume')).toMatchObject({ code: 0 });
    expect(await rotate('--status')).toMatchObject({ code: 0 });
    expect(counts()).toEqual(before);
  });

  test('a KMS that is down, or refuses, is found before anything is written', async () => {
    wrapping.state = 'Disabled';
    const disabled = await rotate('--type pii --if-older-than 0');
    wrapping.state = 'Enabled';
    expect(disabled).toMatchObject({ code: 3, stderr: expect.stringContaining('is disabled') });
    // Nothing listens on the discard port.
    const back = setAwsEnvironment({ ...environmentOf(kms), AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:9' });
    onTestFinished(back);
    const down = await rotate('--type pii --if-older-than 0 --grace 0 --kms-timeout 300ms');
    expect(down.code).toBe(3);
    expect(await sql()`select from key_rotation_runs`).toHaveLength(0);
    expect(await sql()`select distinct status from encryption_keys`).toEqual([{ status: 'ACTIVE' }]);
    expect(calls()).toEqual({ generated: 0, decrypted: 0 });
  });

  test('one GenerateDataKey for the new key and one Decrypt for each key involved', async () => {
    expect(await rotate('--type pii --if-older-than 0 --grace 0 --full-speed')).toMatchObject({ code: 0 });
    expect(calls()).toEqual({ generated: 1, decrypted: 2 });
  });

  test('whatever the number of rows', async () => {
    for (let user = 0; user < 500; user += 1) await application.addUser(sql(), `user${user}@example.com`);
    // The application still has the first key: RETIRED by now, and involved.
    expect(await rotate('--type pii --if-older-than 0 --grace 0 --full-speed')).toMatchObject({ code: 0 });
    expect(calls()).toEqual({ generated: 1, decrypted: 3 });
  });

  test('a KMS that goes down when rows are worked on is not missed', async () => {
    const old = kms.calls.length;
    let at: number | undefined;
    const ran = await rotate('--type pii --if-older-than 0 --grace 0 --full-speed', (text) => {
      if (at !== undefined || !text.includes('rotating pii to')) return;
      at = kms.calls.length;
      wrapping.state = 'Disabled';
    });
    wrapping.state = 'Enabled';
    expect(ran).toMatchObject({ code: 0 });
    expect(at).toBeGreaterThan(old);
    expect(kms.calls.length).toBe(at);
  });
});
