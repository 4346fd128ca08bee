import { beforeEach, expect, test } from 'vitest';
import type { NewDataKey } from '../../../src/keystore/keystore.ts';
import { dataKeyContext } from '../../../src/keystore/keystore.ts';
import type { FakeKms } from '../../support/kms/server.ts';
import { environmentOf, failureOf, openStore, setAwsEnvironment, useKms } from './fixture.ts';

const context = dataKeyContext({ keyType: 'pii', version: 1 });
const env = useKms();

let made: NewDataKey;

beforeEach(async () => {
  made = await env.open.store.generateDataKey(context);
});

test('a principal without a grant is told which call on which key, in the words of AWS', async () => {
  const store = storeAs('intern');
  expect(await failureOf(store.unwrap(made))).toEqual({
    reason: 'access_denied',
    exit: 3,
    message: expect.stringMatching(/^not allowed to call kms:Decrypt on arn:/u),
  });
  await expect(store.unwrap(made)).rejects.toMatchObject({
    details: { body: [expect.stringContaining('user/intern is not authorized to perform: kms:Decrypt')] },
  });
  store.close();
});

test('a grant for one key type does not reach another', async () => {
  const store = storeAs('app', (credentials) =>
    env.kms.access.grant(credentials, env.key, ['GenerateDataKey', 'Decrypt'], { key_type: 'pii' }),
  );
  await expect(store.unwrap(made)).resolves.toBeDefined();
  const payment = dataKeyContext({ keyType: 'payment', version: 1 });
  expect(await failureOf(store.generateDataKey(payment))).toEqual({
    reason: 'access_denied',
    exit: 3,
    message: expect.stringMatching(/^not allowed to call kms:GenerateDataKey/u),
  });
  store.close();
});

test('who may use a key but not look at it still learns that it is disabled', async () => {
  const store = storeAs('app', (credentials) => env.kms.access.grant(credentials, env.key, ['Decrypt']));
  env.key.state = 'Disabled';
  expect(await failureOf(store.unwrap(made))).toEqual({
    reason: 'key_disabled',
    exit: 3,
    message: expect.stringMatching(/^the KMS key arn:\S+ is disabled$/u),
  });
  store.close();
});

test.each([
  [{ AWS_SECRET_ACCESS_KEY: 'another' }, 'InvalidSignatureException'],
  [{ AWS_ACCESS_KEY_ID: 'AKIANOBODY' }, 'UnrecognizedClientException'],
])('credentials the service does not accept: %o', async (wrong, name) => {
  setAwsEnvironment({ ...environmentOf(env.kms), ...wrong });
  const { store } = openStore({ key: env.key.arn });
  expect(await failureOf(store.unwrap(made))).toEqual({
    reason: 'bad_credentials',
    exit: 3,
    message: `AWS KMS does not accept the credentials (${name})`,
  });
  store.close();
});

test('no credentials, and no region', async () => {
  setAwsEnvironment({ AWS_REGION: env.kms.region, AWS_ENDPOINT_URL_KMS: env.kms.url });
  const first = openStore({ key: env.key.arn }).store;
  expect(await failureOf(first.unwrap(made))).toEqual({
    reason: 'no_credentials',
    exit: 3,
    message: expect.stringMatching(/^no AWS credentials were found$/u),
  });
  setAwsEnvironment({});
  const second = openStore({ key: env.key.arn }).store;
  expect(await failureOf(second.unwrap(made))).toEqual({
    reason: 'no_region',
    exit: 3,
    message: expect.stringMatching(/^no AWS region is configured$/u),
  });
  for (const store of [first, second]) store.close();
});

test('nobody listens', async () => {
  const { store } = openStore({ key: env.key.arn, endpoint: 'http://127.0.0.1:1', timeoutMs: 500 });
  expect(await failureOf(store.unwrap(made))).toEqual({
    reason: 'unreachable',
    exit: 3,
    message: expect.stringMatching(/^cannot reach AWS KMS for Decrypt \(ECONNREFUSED\), tried \d+ times$/u),
  });
  store.close();
});

function storeAs(name: string, prepare: (credentials: ReturnType<FakeKms['access']['add']>) => void = () => undefined) {
  const credentials = env.kms.access.add(name);
  prepare(credentials);
  setAwsEnvironment(environmentOf(env.kms, credentials));
  return openStore({ key: env.key.arn }).store;
}
