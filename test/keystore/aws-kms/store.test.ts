import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { OrdersyncError } from '../../../src/errors.ts';
import type { NewDataKey } from '../../../src/keystore/keystore.ts';
import { blindIndexContext, dataKeyContext } from '../../../src/keystore/keystore.ts';
import { unwrapOnce } from '../../../src/keystore/unwrap-once.ts';
import { openStore, setAwsEnvironment, useKms } from './fixture.ts';

const context = dataKeyContext({ keyType: 'pii', version: 2 });
const env = useKms();

test('a data key is made, unwrapped and wrapped again, and only the wrapped form leaves', async () => {
  const key = env.kms.keys.create({ alias: 'alias/pii' });
  const { store } = openStore({ key: 'alias/pii' });
  const made = await store.generateDataKey(context);
  expect(made).toMatchObject({ providerKey: key.arn, context });
  expect(made.dataKey.expose()).toHaveLength(32);
  expect((await store.unwrap(made)).expose().equals(made.dataKey.expose())).toBe(true);
  expect(inspect(made, { depth: 9 })).not.toContain(made.dataKey.expose().toString('base64'));

  const next = env.kms.keys.create();
  env.kms.keys.alias('alias/pii', next);
  const rewrapped = await store.rewrap(made);
  expect(rewrapped.providerKey).toBe(next.arn);
  expect(rewrapped.wrapped).not.toBe(made.wrapped);
  expect((await store.unwrap(rewrapped)).expose().equals(made.dataKey.expose())).toBe(true);
  expect((await store.unwrap(made)).expose().equals(made.dataKey.expose())).toBe(true);
  expect(env.kms.calls.map(({ operation }) => operation)).toEqual([
    'GenerateDataKey',
    'Decrypt',
    'ReEncrypt',
    'Decrypt',
    'Decrypt',
  ]);
  store.close();
});

test('a key may be named by id, ARN, alias or alias ARN, and is always recorded by its ARN', async () => {
  const key = env.kms.keys.create({ alias: 'alias/pii' });
  for (const name of [key.id, key.arn, 'alias/pii', key.arn.replace(/key\/.*/u, 'alias/pii')]) {
    const { store } = openStore({ key: name });
    expect((await store.generateDataKey(context)).providerKey).toBe(key.arn);
    expect((await store.describe()).providerKey).toBe(key.arn);
    store.close();
  }
});

test('a key made by another store is wrapped with one Encrypt', async () => {
  const { store } = openStore({ key: env.kms.keys.create().arn });
  const { dataKey } = await store.generateDataKey(context);
  const wrapped = await store.wrap(dataKey, context);
  expect((await store.unwrap(wrapped)).expose().equals(dataKey.expose())).toBe(true);
  expect(env.kms.count('Encrypt')).toBe(1);
  store.close();
});

test('one GenerateDataKey per key made and one Decrypt per key and process, however often it is asked for', async () => {
  const { store } = openStore({ key: env.kms.keys.create().arn });
  const keys = unwrapOnce(store);
  const made = await Promise.all(
    [1, 2, 3].map((version) => keys.generateDataKey(dataKeyContext({ keyType: 'pii', version }))),
  );
  const opened = await Promise.all(
    Array.from({ length: 300 }, (_, index) => keys.unwrap(made[index % 3] as NewDataKey)),
  );
  expect([env.kms.count('GenerateDataKey'), env.kms.count('Decrypt')]).toEqual([3, 3]);
  keys.close();
  await expect.poll(() => opened.every((key) => throws(() => key.expose()))).toBe(true);
});

test('a failed unwrap is not remembered', async () => {
  const key = env.kms.keys.create();
  const keys = unwrapOnce(openStore({ key: key.arn }).store);
  const made = await keys.generateDataKey(context);
  key.state = 'Disabled';
  await expect(keys.unwrap(made)).rejects.toMatchObject({ code: 'not_enabled' });
  key.state = 'Enabled';
  await expect(keys.unwrap(made)).resolves.toBeDefined();
  keys.close();
});

test('a wrapped key opens under its own context only', async () => {
  const { store } = openStore({ key: env.kms.keys.create().arn });
  const made = await store.generateDataKey(context);
  const others = [
    dataKeyContext({ keyType: 'pii', version: 3 }),
    dataKeyContext({ keyType: 'payment', version: 2 }),
    blindIndexContext({ purpose: 'email', version: 2 }),
    {},
  ];
  for (const other of others) {
    await expect(store.unwrap({ ...made, context: other })).rejects.toMatchObject({
      code: 'decrypt_failed',
      details: { facts: { reason: 'wrong_key_or_context' } },
    });
  }
  store.close();
});

test.each(['Enabled', 'Disabled', 'PendingDeletion', 'PendingImport', 'Unavailable'] as const)(
  'describe tells the state of a key that is %s',
  async (state) => {
    const key = env.kms.keys.create();
    key.state = state;
    if (state === 'PendingDeletion') key.deletedAt = new Date('2030-01-02T03:04:05Z');
    const { store } = openStore({ key: key.id });
    const states = {
      Enabled: 'usable',
      Disabled: 'disabled',
      PendingDeletion: 'pending_deletion',
      PendingImport: 'pending_import',
      Unavailable: 'unavailable',
    };
    expect(await store.describe()).toMatchObject({ state: states[state], deletedAfter: key.deletedAt });
    store.close();
  },
);

test('a probe finds what the operations would meet, and does none of them', async () => {
  const [from, to] = [env.kms.keys.create(), env.kms.keys.create()];
  const { store } = openStore({ key: from.arn });
  const made = await store.generateDataKey(context);
  const target = openStore({ key: to.arn }).store;
  const probe = { create: [context], unwrap: [made], rewrap: [made] };
  const before = env.kms.calls.length;
  await target.probe(probe);
  expect(env.kms.calls.slice(before).map(({ operation, dryRun, outcome }) => [operation, dryRun, outcome])).toEqual([
    ['GenerateDataKey', true, 'DryRunOperationException'],
    ['Decrypt', true, 'DryRunOperationException'],
    ['ReEncrypt', true, 'DryRunOperationException'],
  ]);
  await expect(target.probe({ ...probe, unwrap: [{ ...made, context: {} }] })).rejects.toMatchObject({
    code: 'decrypt_failed',
  });
  to.state = 'Disabled';
  await expect(target.probe({ create: [], unwrap: [made], rewrap: [made] })).rejects.toThrow(
    `the KMS key ${to.arn} is disabled`,
  );
  from.state = 'Disabled';
  await expect(target.probe({ create: [], unwrap: [], rewrap: [made] })).rejects.toThrow(
    `the KMS key ${from.arn} is disabled`,
  );
  store.close();
  target.close();
});

test('region, credentials and endpoint come from the profile that AWS_PROFILE names, the first two also from a named one', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ordersync-aws-'));
  const { accessKeyId, secretAccessKey } = env.kms.access.owner;
  writeFileSync(
    path.join(folder, 'config'),
    `[profile dba]\nregion = ${env.kms.region}\nservices = local\n[services local]\nkms =\n  endpoint_url = ${env.kms.url}\n`,
  );
  writeFileSync(
    path.join(folder, 'credentials'),
    `[dba]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
  );
  const files = {
    AWS_CONFIG_FILE: path.join(folder, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: path.join(folder, 'credentials'),
  };
  setAwsEnvironment({ ...files, AWS_PROFILE: 'dba' });
  const byVariable = openStore({ key: env.key.id }).store;
  await expect(byVariable.generateDataKey(context)).resolves.toBeDefined();
  setAwsEnvironment(files);
  const byOption = openStore({ key: env.key.id, profile: 'dba', endpoint: env.kms.url }).store;
  await expect(byOption.generateDataKey(context)).resolves.toBeDefined();
  for (const store of [byVariable, byOption]) store.close();
  rmSync(folder, { recursive: true });
});

test('no error carries key bytes, blobs or the SDK error with its request', async () => {
  const key = env.kms.keys.create();
  const { store } = openStore({ key: key.arn });
  const made = await store.generateDataKey(context);
  key.state = 'PendingDeletion';
  const errors: OrdersyncError[] = [];
  for (const attempt of [() => store.unwrap(made), () => store.rewrap(made), () => store.wrap(made.dataKey, context)]) {
    await attempt().catch((error: unknown) => errors.push(error as OrdersyncError));
  }
  expect(errors).toHaveLength(3);
  const shown = inspect(errors, { depth: 9, showHidden: true });
  for (const secret of [made.wrapped, made.dataKey.expose().toString('base64'), made.dataKey.expose().toString('hex')])
    expect(shown).not.toContain(secret);
  expect(errors.map((error) => error.cause)).toEqual([undefined, undefined, undefined]);
  store.close();
});

function throws(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch (error) {
    return error instanceof TypeError;
  }
}
