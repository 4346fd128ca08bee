import { expect, test } from 'vitest';
import { OrdersyncError } from '../../../src/errors.ts';
import type { Fault } from '../../support/s3/faults.ts';
import type { OperationName } from '../../support/s3/model.ts';
import type { Failure } from '../fixture.ts';
import { contentOf, failureOf, keysOf, put } from '../fixture.ts';
import { environmentOf, setAwsEnvironment, useS3 } from './fixture.ts';

const env = useS3();
const write = () => put(env.store, 'key', 'secret content');

test.each<[Fault, Failure]>([
  [
    'throttle',
    {
      reason: 'throttled',
      exit: 3,
      message: expect.stringMatching(/^S3 throttles PutObject in the bucket archive, tried \d+ times$/u),
    },
  ],
  [
    'unavailable',
    {
      reason: 'service_failure',
      exit: 3,
      message: expect.stringMatching(/^S3 failed at PutObject .* \(ServiceUnavailable\), tried/u),
    },
  ],
  [
    'internal',
    {
      reason: 'service_failure',
      exit: 3,
      message: expect.stringMatching(/^S3 failed at PutObject .* \(InternalError\), tried/u),
    },
  ],
  [
    'proxy-page',
    {
      reason: 'service_failure',
      exit: 3,
      message: expect.stringMatching(/^S3 failed at PutObject .* \(HTTP 502\), tried/u),
    },
  ],
  [
    'reset',
    {
      reason: 'unreachable',
      exit: 3,
      message: expect.stringMatching(/^cannot reach S3 for PutObject .* \(ECONNRESET\), tried/u),
    },
  ],
  [
    'bad-digest',
    {
      reason: 'changed_on_the_way',
      exit: 3,
      message: expect.stringMatching(/^key arrived changed at PutObject \(BadDigest\), tried/u),
    },
  ],
  [
    'expired-token',
    { reason: 'bad_credentials', exit: 3, message: 'S3 does not accept the credentials (ExpiredToken)' },
  ],
])('%s without end', async (fault, expected) => {
  env.s3.fail(fault, { times: 50 });
  expect(await failureOf(write())).toEqual(expected);
});

test('a failure that passes is not met by the caller; pauses grow, and are spread', async () => {
  for (const fault of ['throttle', 'internal', 'reset', 'unavailable', 'proxy-page'] as const) env.s3.fail(fault);
  await write();
  expect(env.pauses).toEqual([75, 150, 300, 600, 1200]);
});

test('completing that fails inside an answer of 200 is done again', async () => {
  env.s3.fail('internal-in-200', { operation: 'CompleteMultipartUpload' });
  await put(env.store, 'large', Buffer.alloc(9 * 1024 * 1024));
  expect(env.bucket.objects.size).toBe(1);
  expect(env.pauses).toHaveLength(1);
});

test('no answer', async () => {
  const { store } = env.open({ attemptTimeoutMs: 100, timeoutMs: 400 });
  env.s3.fail('hang', { times: 50 });
  expect(await failureOf(put(store, 'key', 'x'))).toEqual({
    reason: 'timeout',
    exit: 3,
    message: expect.stringMatching(/^S3 did not answer PutObject in the bucket archive in time/u),
  });
});

test('nobody there, and no such host', async () => {
  const { store } = env.open({ endpoint: 'http://127.0.0.1:9' });
  expect(await failureOf(put(store, 'key', 'x'))).toMatchObject({
    reason: 'unreachable',
    message: expect.stringContaining('ECONNREFUSED'),
  });
  const { store: lost } = env.open({ endpoint: 'http://s3.invalid' });
  expect(await failureOf(put(lost, 'key', 'x'))).toMatchObject({ reason: 'unreachable', exit: 3 });
});

test('a bucket that is not there, for every operation', async () => {
  const { store } = env.open({ bucket: 'nowhere' });
  const expected = { reason: 'no_bucket', exit: 3, message: 'there is no bucket nowhere' };
  expect(await failureOf(put(store, 'key', 'x'))).toEqual(expected);
  expect(await failureOf(contentOf(store, 'key'))).toEqual(expected);
  expect(await failureOf(keysOf(store))).toEqual(expected);
  expect(await failureOf(store.probe())).toEqual(expected);
  expect(await failureOf(store.sweep(''))).toEqual(expected);
  expect(await failureOf(store.remove('key'))).toEqual(expected);
});

test('a bucket of another region, told with its region, whether it redirects or refuses the signature', async () => {
  env.s3.bucket('far-away', { region: 'eu-central-1' });
  const { store } = env.open({ bucket: 'far-away' });
  expect(await failureOf(put(store, 'key', 'x'))).toEqual({
    reason: 'wrong_region',
    exit: 3,
    message: 'the bucket far-away is in the region eu-central-1',
  });
  const { store: signed } = env.open({ region: 'us-east-1' });
  expect(await failureOf(put(signed, 'key', 'x'))).toEqual({
    reason: 'wrong_region',
    exit: 3,
    message: 'the bucket archive is in the region ap-northeast-2',
  });
});

test.each<[OperationName, string, () => Promise<unknown>]>([
  ['PutObject', 's3://archive/shop/prod/key', () => put(env.open().store, 'key', 'x')],
  ['GetObject', 's3://archive/shop/prod/key', () => contentOf(env.open().store, 'key')],
  ['HeadObject', 's3://archive/shop/prod/key', () => env.open().store.head('key')],
  ['ListObjectsV2', 's3://archive/shop/prod', () => keysOf(env.open().store)],
  ['DeleteObject', 's3://archive/shop/prod/key', () => env.open().store.remove('key')],
  ['CreateMultipartUpload', 's3://archive/shop/prod/probe', () => env.open().store.probe()],
  ['AbortMultipartUpload', 's3://archive/shop/prod/probe', () => env.open().store.probe()],
  ['ListMultipartUploads', 's3://archive/shop/prod', () => env.open().store.sweep('')],
])('not being allowed to call %s', async (operation, where, attempt) => {
  await write();
  setAwsEnvironment(environmentOf(env.s3, env.s3.add('clerk', [operation])));
  expect(await failureOf(attempt())).toEqual({
    reason: 'access_denied',
    exit: 3,
    message: `not allowed to call ${operation} on ${where}`,
  });
});

test('a refusal of rights says whose and which, as the service tells it', async () => {
  setAwsEnvironment(environmentOf(env.s3, env.s3.add('clerk', ['PutObject'])));
  const error: unknown = await put(env.open().store, 'key', 'x').catch((error: unknown) => error);
  expect((error as OrdersyncError).details.body).toEqual([
    expect.stringContaining('is not authorized to perform: s3:PutObject'),
  ]);
});

test('no credentials, wrong ones, a wrong clock, no region', async () => {
  setAwsEnvironment({ AWS_REGION: env.s3.region });
  expect(await failureOf(put(env.open().store, 'key', 'x'))).toEqual({
    reason: 'no_credentials',
    exit: 3,
    message: 'no AWS credentials were found',
  });
  setAwsEnvironment(environmentOf(env.s3, { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' }));
  expect(await failureOf(put(env.open().store, 'key', 'x'))).toMatchObject({
    reason: 'bad_credentials',
    message: expect.stringContaining('InvalidAccessKeyId'),
  });
  setAwsEnvironment(environmentOf(env.s3, { ...env.s3.owner, secretAccessKey: 'hunter2hunter2' }));
  expect(await failureOf(put(env.open().store, 'key', 'x'))).toMatchObject({
    reason: 'bad_credentials',
    message: expect.stringContaining('SignatureDoesNotMatch'),
  });
  const { AWS_REGION: _, ...without } = environmentOf(env.s3);
  setAwsEnvironment(without);
  expect(await failureOf(put(env.open().store, 'key', 'x'))).toEqual({
    reason: 'no_region',
    exit: 3,
    message: 'no AWS region is configured',
  });
});

test('a clock that is wrong is corrected by the answer', async () => {
  env.s3.clockOffset = 3_600_000;
  await write();
  expect(env.bucket.objects.size).toBe(1);
});

test('what answers is no S3', async () => {
  env.s3.fail('nonsense', { times: 50 });
  expect(await failureOf(env.store.probe())).toEqual({
    reason: 'wrong_answer',
    exit: 5,
    message: 'what answers CreateMultipartUpload does not answer like S3',
  });
});

test('an object lock is given to each object, and a bucket without one says so', async () => {
  const objectLock = { mode: 'compliance', retainUntil: new Date(Date.now() + 86_400_000) } as const;
  const { store } = env.open({ objectLock });
  expect(await failureOf(put(store, 'key', 'x'))).toMatchObject({
    reason: 'refused',
    exit: 4,
    message: 'S3 refused PutObject on s3://archive/shop/prod/key (InvalidRequest)',
  });
  const locked = env.s3.bucket('locked', { objectLock: true });
  const { store: keeping } = env.open({ bucket: 'locked', objectLock });
  await put(keeping, 'small', 'x');
  await put(keeping, 'large', Buffer.alloc(9 * 1024 * 1024));
  const lock = { mode: 'COMPLIANCE', until: expect.closeTo(objectLock.retainUntil.getTime(), -4) };
  expect([...locked.objects.values()].map((object) => object.lock)).toEqual([lock, lock]);
  const { store: past } = env.open({ bucket: 'locked', objectLock: { ...objectLock, retainUntil: new Date(0) } });
  expect(await failureOf(put(past, 'key', 'x'))).toMatchObject({ reason: 'refused' });
});

test('no message and no fact of any failure holds a secret or the content', async () => {
  const errors: unknown[] = [];
  const collect = async (attempt: Promise<unknown>) => void errors.push(await attempt.catch((error: unknown) => error));
  for (const fault of ['throttle', 'internal', 'expired-token', 'reset', 'bad-digest', 'proxy-page'] as const) {
    env.s3.fail(fault, { times: 50, operation: 'PutObject' });
    await collect(write());
    env.s3.recover();
  }
  setAwsEnvironment(environmentOf(env.s3, { ...env.s3.owner, secretAccessKey: 'hunter2hunter2' }));
  await collect(put(env.open().store, 'other', 'secret content'));
  expect(errors.every((error) => error instanceof OrdersyncError)).toBe(true);
  const said = errors.map((error) => {
    const { message, details } = error as OrdersyncError;
    return JSON.stringify([message, details, String(details.cause)]);
  });
  for (const text of said) {
    for (const secret of [env.s3.owner.secretAccessKey, 'hunter2', 'secret content', 'Signature=', 'AWS4-HMAC'])
      expect(text).not.toContain(secret);
  }
});
