import { expect, test } from 'vitest';
import { OrdersyncError } from '../../../src/errors.ts';
import { dataKeyContext } from '../../../src/keystore/keystore.ts';
import type { Fault } from '../../support/kms/faults.ts';
import { openStore, useKms } from './fixture.ts';

const context = dataKeyContext({ keyType: 'pii', version: 1 });
const env = useKms();

test.each<Fault>(['throttle', 'internal', 'unavailable-key', 'dependency-timeout', 'reset', 'proxy-page'])(
  '%s, three times, is waited out',
  async (fault) => {
    env.kms.fail(fault, { times: 3 });
    await expect(env.open.store.generateDataKey(context)).resolves.toBeDefined();
    expect(env.open.pauses).toEqual([75, 150, 300]);
    expect(env.kms.calls).toHaveLength(4);
  },
);

test('an answer that never comes is given up and asked for again', async () => {
  env.kms.fail('hang');
  const { store } = openStore({ key: env.key.arn, attemptTimeoutMs: 300 });
  await expect(store.generateDataKey(context)).resolves.toBeDefined();
  store.close();
});

test('a clock that is wrong by an hour is corrected from the refusal', async () => {
  env.kms.setClockOffset(3_600_000);
  await expect(env.open.store.generateDataKey(context)).resolves.toBeDefined();
  expect(env.kms.calls.map(({ outcome }) => outcome)).toEqual(['InvalidSignatureException', 'ok']);
});

test('pauses double, are half random and never exceed five seconds or the time given', async () => {
  env.kms.fail('throttle', { times: 100 });
  await expect(env.open.store.generateDataKey(context)).rejects.toThrow(
    'AWS KMS throttles GenerateDataKey, tried 11 times',
  );
  expect(env.open.pauses).toEqual(
    [75, 150, 300, 600, 1_200, 2_400, 3_750, 3_750, 3_750, 3_750].slice(0, env.open.pauses.length),
  );
  expect(env.open.pauses.reduce((sum, pause) => sum + pause, 0)).toBeLessThan(20_000);
});

test('an interrupt ends the waiting', async () => {
  const controller = new AbortController();
  const reason = new OrdersyncError('interrupted', 'interrupted by SIGINT', { signal: 'SIGINT' });
  const { store } = openStore({ key: env.key.arn, attemptTimeoutMs: 60_000 }, controller.signal);
  env.kms.fail('hang');
  const attempt = store.generateDataKey(context);
  await expect.poll(() => env.kms.calls.length).toBe(1);
  controller.abort(reason);
  await expect(attempt).rejects.toBe(reason);
  store.close();
});
