import { expect, test } from 'vitest';
import { dataKeyContext } from '../../../src/keystore/keystore.ts';
import type { Fault } from '../../support/kms/faults.ts';
import type { Key } from '../../support/kms/keys.ts';
import type { Failure } from './fixture.ts';
import { failureOf, openStore, useKms } from './fixture.ts';

const context = dataKeyContext({ keyType: 'pii', version: 1 });
const env = useKms();

test.each<[Fault, Failure]>([
  [
    'throttle',
    { reason: 'throttled', exit: 3, message: expect.stringMatching(/^AWS KMS throttles Decrypt, tried \d+ times$/u) },
  ],
  [
    'internal',
    {
      reason: 'service_failure',
      exit: 3,
      message: expect.stringMatching(/^AWS KMS failed at Decrypt \(KMSInternalException\), tried/u),
    },
  ],
  [
    'dependency-timeout',
    { reason: 'timeout', exit: 3, message: expect.stringMatching(/^AWS KMS did not answer Decrypt in time, tried/u) },
  ],
  [
    'reset',
    {
      reason: 'unreachable',
      exit: 3,
      message: expect.stringMatching(/^cannot reach AWS KMS for Decrypt \(ECONNRESET\), tried/u),
    },
  ],
  [
    'unavailable-key',
    {
      reason: 'key_unavailable',
      exit: 3,
      message: expect.stringMatching(
        /^the KMS key arn:\S+ cannot be used at present \(KeyUnavailableException\), tried/u,
      ),
    },
  ],
  [
    'nonsense',
    {
      reason: 'wrong_answer',
      exit: 5,
      message: expect.stringMatching(/^what answers Decrypt does not answer like AWS KMS$/u),
    },
  ],
])('%s without end', async (fault, expected) => {
  const made = await env.open.store.generateDataKey(context);
  env.kms.fail(fault, { times: 50, operation: 'Decrypt' });
  expect(await failureOf(env.open.store.unwrap(made))).toEqual(expected);
});

test('no answer without end', async () => {
  const { store } = openStore({ key: env.key.arn, attemptTimeoutMs: 100, timeoutMs: 400 });
  env.kms.fail('hang', { times: 50 });
  expect(await failureOf(store.generateDataKey(context))).toEqual({
    reason: 'timeout',
    exit: 3,
    message: expect.stringMatching(/^AWS KMS did not answer GenerateDataKey in time/u),
  });
  store.close();
});

test.each<[Key['state'], Failure]>([
  [
    'Disabled',
    { reason: 'key_disabled', exit: 3, message: expect.stringMatching(/^the KMS key arn:\S+ is disabled$/u) },
  ],
  [
    'PendingDeletion',
    {
      reason: 'key_pending_deletion',
      exit: 3,
      message: expect.stringMatching(/^the KMS key arn:\S+ is waiting to be deleted$/u),
    },
  ],
  [
    'PendingImport',
    {
      reason: 'key_unavailable',
      exit: 3,
      message: expect.stringMatching(/^the KMS key arn:\S+ cannot be used at present \(pending import\)$/u),
    },
  ],
  [
    'Unavailable',
    {
      reason: 'key_unavailable',
      exit: 3,
      message: expect.stringMatching(/^the KMS key arn:\S+ cannot be used at present \(unavailable\)$/u),
    },
  ],
])('a key that is %s, at once and without repeating', async (state, expected) => {
  const made = await env.open.store.generateDataKey(context);
  env.key.state = state;
  expect(await failureOf(env.open.store.unwrap(made))).toEqual(expected);
  expect(await failureOf(env.open.store.generateDataKey(context))).toEqual(expected);
  expect(env.open.pauses).toEqual([]);
});

test('a key waiting to be deleted says until when it can be saved', async () => {
  env.key.state = 'PendingDeletion';
  env.key.deletedAt = new Date('2031-05-06T00:00:00Z');
  await expect(env.open.store.generateDataKey(context)).rejects.toMatchObject({
    details: { body: ['it will be deleted on 2031-05-06T00:00:00.000Z'] },
  });
});

test('a changed wrapped key, and one of another KMS key', async () => {
  const made = await env.open.store.generateDataKey(context);
  const other = await openStore({ key: env.kms.keys.create().arn }).store.generateDataKey(context);
  const expected: Failure = {
    reason: 'wrong_key_or_context',
    exit: 5,
    message: expect.stringMatching(
      /^the wrapped key does not belong to the KMS key arn:\S+ and its encryption context$/u,
    ),
  };
  const flipped = Buffer.from(made.wrapped, 'base64');
  flipped[40] = (flipped[40] ?? 0) ^ 1;
  expect(await failureOf(env.open.store.unwrap({ ...made, wrapped: flipped.toString('base64') }))).toEqual(expected);
  expect(await failureOf(env.open.store.unwrap({ ...made, wrapped: other.wrapped }))).toEqual(expected);
  expect(await failureOf(env.open.store.unwrap({ ...made, wrapped: 'AAAA' }))).toEqual(expected);
});

test('a key that is not there, and an alias, and a key of another region', async () => {
  const names = [
    '00000000-0000-4000-8000-000000000000',
    'alias/nobody',
    env.key.arn.replace(env.kms.region, 'eu-west-1'),
    'not a key',
  ];
  for (const name of names) {
    const { store } = openStore({ key: name });
    expect(await failureOf(store.generateDataKey(context))).toEqual({
      reason: 'key_not_found',
      exit: 3,
      message: expect.stringMatching(/^there is no KMS key /),
    });
    store.close();
  }
});

test('a key for another use', async () => {
  const { store } = openStore({ key: env.kms.keys.create({ usage: 'GENERATE_VERIFY_MAC' }).arn });
  const expected: Failure = {
    reason: 'key_unsuitable',
    exit: 3,
    message: expect.stringMatching(/^the KMS key arn:\S+ cannot do /),
  };
  expect(await failureOf(store.generateDataKey(context))).toEqual(expected);
  expect(await failureOf(store.describe())).toEqual(expected);
  store.close();
});
