import { createHash } from 'node:crypto';
import * as sdk from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { useRawClient } from './raw-client.ts';

const env = useRawClient();
const base64 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('base64');
const at = (Key: string) => ({ Bucket: 'archive', Key });

const open = async () =>
  (await env.client.send(new sdk.CreateMultipartUploadCommand({ ...at('m'), ChecksumAlgorithm: 'SHA256' }))).UploadId;
const part = async (UploadId: string | undefined, PartNumber: number, Body: Buffer) => {
  const ChecksumSHA256 = base64(Body);
  const { ETag } = await env.client.send(
    new sdk.UploadPartCommand({ ...at('m'), UploadId, PartNumber, Body, ChecksumSHA256 }),
  );
  return { ETag, PartNumber, ChecksumSHA256 };
};
const complete = (UploadId: string | undefined, Parts: sdk.CompletedPart[]) =>
  env.client.send(new sdk.CompleteMultipartUploadCommand({ ...at('m'), UploadId, MultipartUpload: { Parts } }));

describe('refuses, with the error and status that S3 gives', () => {
  test.each<[string, number, () => Promise<unknown>]>([
    ['NoSuchKey', 404, () => env.client.send(new sdk.GetObjectCommand(at('none')))],
    ['NotFound', 404, () => env.client.send(new sdk.HeadObjectCommand(at('none')))],
    ['NoSuchBucket', 404, () => env.client.send(new sdk.GetObjectCommand({ Bucket: 'nowhere', Key: 'a' }))],
    [
      'BadDigest',
      400,
      () =>
        env.client.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x', ChecksumSHA256: base64(Buffer.from('y')) })),
    ],
    [
      'InvalidRequest',
      400,
      () => env.client.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x', ChecksumSHA256: 'abc' })),
    ],
    [
      'NotImplemented',
      501,
      () => env.client.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x', IfNoneMatch: '"etag"' })),
    ],
    [
      'InvalidRequest',
      400,
      () =>
        env.client.send(
          new sdk.PutObjectCommand({
            ...at('a'),
            Body: 'x',
            ObjectLockMode: 'GOVERNANCE',
            ObjectLockRetainUntilDate: new Date(4e12),
          }),
        ),
    ],
    [
      'InvalidArgument',
      400,
      () =>
        env.client.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x', ObjectLockMode: 'FOREVER' as 'GOVERNANCE' })),
    ],
    ['NoSuchUpload', 404, () => env.client.send(new sdk.AbortMultipartUploadCommand({ ...at('a'), UploadId: 'none' }))],
    ['InvalidArgument', 400, async () => part(await open(), 10_001, Buffer.from('x'))],
    [
      'InvalidRequest',
      400,
      async () =>
        env.client.send(new sdk.UploadPartCommand({ ...at('m'), UploadId: await open(), PartNumber: 1, Body: 'x' })),
    ],
    ['MalformedXML', 400, async () => complete(await open(), [])],
    ['InvalidPart', 400, async () => complete(await open(), [{ ETag: '"none"', PartNumber: 1 }])],
    [
      'EntityTooSmall',
      400,
      async () => {
        const id = await open();
        return complete(id, [await part(id, 1, Buffer.from('x')), await part(id, 2, Buffer.from('y'))]);
      },
    ],
    [
      'InvalidPartOrder',
      400,
      async () => {
        const id = await open();
        return complete(id, [await part(id, 2, Buffer.from('x')), await part(id, 1, Buffer.from('y'))]);
      },
    ],
    [
      'InvalidRequest',
      400,
      async () => {
        const id = await open();
        const { ChecksumSHA256: _, ...without } = await part(id, 1, Buffer.from('x'));
        return complete(id, [without]);
      },
    ],
    [
      'MethodNotAllowed',
      405,
      () =>
        env.client.send(
          new sdk.PutBucketVersioningCommand({ Bucket: 'archive', VersioningConfiguration: { Status: 'Enabled' } }),
        ),
    ],
  ])('%s (%i)', async (name, status, attempt) => {
    await expect(attempt()).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
    expect(env.bucket.objects.size).toBe(0);
  });

  test('PreconditionFailed (412) for what is there, in one request and in parts', async () => {
    await env.client.send(new sdk.PutObjectCommand({ ...at('m'), Body: 'x', IfNoneMatch: '*' }));
    await expect(
      env.client.send(new sdk.PutObjectCommand({ ...at('m'), Body: 'y', IfNoneMatch: '*' })),
    ).rejects.toMatchObject({ name: 'PreconditionFailed' });
    const UploadId = await open();
    const Parts = [await part(UploadId, 1, Buffer.from('y'))];
    const conditional = new sdk.CompleteMultipartUploadCommand({
      ...at('m'),
      UploadId,
      MultipartUpload: { Parts },
      IfNoneMatch: '*',
    });
    await expect(env.client.send(conditional)).rejects.toMatchObject({ name: 'PreconditionFailed' });
    expect(env.bucket.objects.get('m')?.bytes.toString()).toBe('x');
  });

  test('InvalidRange (416), and a key that may not be known of (403)', async () => {
    await env.client.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x' }));
    await expect(env.client.send(new sdk.GetObjectCommand({ ...at('a'), Range: 'bytes=1-2' }))).rejects.toMatchObject({
      name: 'InvalidRange',
    });
    const blind = env.other({ credentials: env.s3.add('blind', ['ListBucket']) });
    await expect(blind.send(new sdk.GetObjectCommand(at('none')))).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

describe('a bucket that keeps what it has', () => {
  test('by its policy: AccessDenied (403), and the object stays', async () => {
    await env.client.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x' }));
    await env.client.send(new sdk.PutObjectCommand({ ...at('b'), Body: 'x' }));
    env.bucket.keeps = (key) => key === 'a';
    await expect(env.client.send(new sdk.DeleteObjectCommand(at('a')))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringMatching(/s3:DeleteObject on resource: "arn:aws:s3:::archive\/a" with an explicit deny/u),
      $metadata: { httpStatusCode: 403 },
    });
    await env.client.send(new sdk.DeleteObjectCommand(at('b')));
    expect([...env.bucket.objects.keys()]).toEqual(['a']);
  });

  test('by Object Lock: the object is hidden by a marker, and its version kept', async () => {
    const locked = env.s3.bucket('locked', { objectLock: true });
    const place = { Bucket: 'locked', Key: 'a' };
    const lock = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: new Date(4e12) } as const;
    await env.client.send(
      new sdk.PutObjectCommand({ ...place, ...lock, Body: 'x', ChecksumSHA256: base64(Buffer.from('x')) }),
    );
    const { DeleteMarker, $metadata } = await env.client.send(new sdk.DeleteObjectCommand(place));
    expect([DeleteMarker, $metadata.httpStatusCode]).toEqual([true, 204]);
    await expect(env.client.send(new sdk.HeadObjectCommand(place))).rejects.toMatchObject({ name: 'NotFound' });
    expect(locked.hidden).toMatchObject([{ key: 'a', object: { lock: { mode: 'COMPLIANCE' } } }]);
  });
});

describe('signatures', () => {
  test.each<[string, sdk.S3ClientConfig]>([
    ['SignatureDoesNotMatch', { credentials: { accessKeyId: 'AKIAOWNER', secretAccessKey: 'wrong' } }],
    ['InvalidAccessKeyId', { credentials: { accessKeyId: 'AKIANOBODY', secretAccessKey: 'owner-secret' } }],
    ['AuthorizationHeaderMalformed', { region: 'us-east-1' }],
  ])('%s', async (name, config) => {
    const other = env.other(config);
    await expect(other.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x' }))).rejects.toMatchObject({ name });
    expect(env.bucket.objects.size).toBe(0);
  });

  test('a request without one, one that is old, and one over another body', async () => {
    expect((await fetch(`${env.s3.url}/archive/a`)).status).toBe(403);
    env.s3.clockOffset = 16 * 60_000;
    await expect(env.client.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x' }))).rejects.toMatchObject({
      name: 'RequestTimeTooSkewed',
    });
    env.s3.clockOffset = 0;
    const changing = env.other({});
    changing.middlewareStack.add(
      (next) => (args) => {
        (args.request as { body: unknown }).body = Buffer.from('y');
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    await expect(changing.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x' }))).rejects.toMatchObject({
      name: 'XAmzContentSHA256Mismatch',
    });
  });

  test('a body in frames is refused, never stored with its frames', async () => {
    const framing = env.other({ requestChecksumCalculation: 'WHEN_SUPPORTED' });
    const { Readable } = await import('node:stream');
    const Body = Readable.from([Buffer.from('content')]);
    await expect(framing.send(new sdk.PutObjectCommand({ ...at('a'), Body, ContentLength: 7 }))).rejects.toMatchObject({
      name: 'NotImplemented',
    });
    expect(env.bucket.objects.size).toBe(0);
  });
});
