import { createHash, randomBytes } from 'node:crypto';
import * as sdk from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { classify } from '../../../src/store/s3/classify.ts';
import type { Bucket } from './bucket.ts';
import { ERROR_CODES } from './refusal.ts';
import type { FakeS3 } from './server.ts';
import { startS3 } from './server.ts';

const PART = 5 * 1024 * 1024;
const base64 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('base64');
let s3: FakeS3;
let bucket: Bucket;
let client: sdk.S3Client;

beforeEach(async () => {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  s3 = await startS3();
  bucket = s3.bucket('archive');
  client = clientOf();
});

afterEach(async () => {
  client.destroy();
  await s3.close();
});

function clientOf(config: sdk.S3ClientConfig = {}): sdk.S3Client {
  return new sdk.S3Client({
    endpoint: s3.url,
    region: s3.region,
    forcePathStyle: true,
    credentials: s3.owner,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    ...config,
  });
}

const at = (Key: string) => ({ Bucket: 'archive', Key });

test('the SDK gets from every operation what the model promises', async () => {
  const Body = Buffer.from('content');
  const put = await client.send(new sdk.PutObjectCommand({ ...at('a b/ü+1'), Body, ChecksumSHA256: base64(Body) }));
  expect(put).toMatchObject({
    ETag: `"${createHash('md5').update(Body).digest('hex')}"`,
    ChecksumSHA256: base64(Body),
  });
  expect(await client.send(new sdk.HeadObjectCommand(at('a b/ü+1')))).toMatchObject({
    ContentLength: 7,
    ETag: put.ETag,
    LastModified: expect.any(Date),
  });
  const got = await client.send(new sdk.GetObjectCommand({ ...at('a b/ü+1'), Range: 'bytes=1-3' }));
  expect([
    await got.Body?.transformToString(),
    got.ContentLength,
    got.ContentRange,
    got.$metadata.httpStatusCode,
  ]).toEqual(['ont', 3, 'bytes 1-3/7', 206]);
  const { UploadId } = await client.send(
    new sdk.CreateMultipartUploadCommand({ ...at('large'), ChecksumAlgorithm: 'SHA256' }),
  );
  const listed = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket: 'archive', Prefix: 'l' }));
  expect(listed.Uploads).toEqual([{ Key: 'large', UploadId, Initiated: expect.any(Date) }]);
  const parts = [];
  for (const [index, bytes] of [randomBytes(PART), randomBytes(1)].entries()) {
    const ChecksumSHA256 = base64(bytes);
    const { ETag } = await client.send(
      new sdk.UploadPartCommand({ ...at('large'), UploadId, PartNumber: index + 1, Body: bytes, ChecksumSHA256 }),
    );
    parts.push({ ETag, PartNumber: index + 1, ChecksumSHA256 });
  }
  const done = await client.send(
    new sdk.CompleteMultipartUploadCommand({ ...at('large'), UploadId, MultipartUpload: { Parts: parts } }),
  );
  expect(done).toMatchObject({
    Bucket: 'archive',
    Key: 'large',
    ETag: expect.stringMatching(/^"[0-9a-f]{32}-2"$/u),
    ChecksumType: 'COMPOSITE',
  });
  const page = await client.send(new sdk.ListObjectsV2Command({ Bucket: 'archive' }));
  expect(page).toMatchObject({
    IsTruncated: false,
    KeyCount: 2,
    Contents: [
      { Key: 'a b/ü+1', Size: 7 },
      { Key: 'large', Size: PART + 1 },
    ],
  });
  expect((await client.send(new sdk.DeleteObjectCommand(at('large')))).$metadata.httpStatusCode).toBe(204);
  const { UploadId: other } = await client.send(new sdk.CreateMultipartUploadCommand(at('other')));
  expect(
    (await client.send(new sdk.AbortMultipartUploadCommand({ ...at('other'), UploadId: other }))).$metadata
      .httpStatusCode,
  ).toBe(204);
});

describe('refuses, with the error and status that S3 gives', () => {
  const open = async () =>
    (await client.send(new sdk.CreateMultipartUploadCommand({ ...at('m'), ChecksumAlgorithm: 'SHA256' }))).UploadId;
  const part = async (UploadId: string | undefined, PartNumber: number, Body: Buffer) => {
    const ChecksumSHA256 = base64(Body);
    const { ETag } = await client.send(
      new sdk.UploadPartCommand({ ...at('m'), UploadId, PartNumber, Body, ChecksumSHA256 }),
    );
    return { ETag, PartNumber, ChecksumSHA256 };
  };
  const complete = (UploadId: string | undefined, Parts: sdk.CompletedPart[]) =>
    client.send(new sdk.CompleteMultipartUploadCommand({ ...at('m'), UploadId, MultipartUpload: { Parts } }));

  test.each<[string, number, () => Promise<unknown>]>([
    ['NoSuchKey', 404, () => client.send(new sdk.GetObjectCommand(at('none')))],
    ['NotFound', 404, () => client.send(new sdk.HeadObjectCommand(at('none')))],
    ['NoSuchBucket', 404, () => client.send(new sdk.GetObjectCommand({ Bucket: 'nowhere', Key: 'a' }))],
    [
      'BadDigest',
      400,
      () => client.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x', ChecksumSHA256: base64(Buffer.from('y')) })),
    ],
    [
      'InvalidRequest',
      400,
      () => client.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x', ChecksumSHA256: 'abc' })),
    ],
    [
      'NotImplemented',
      501,
      () => client.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x', IfNoneMatch: '"etag"' })),
    ],
    [
      'InvalidRequest',
      400,
      () =>
        client.send(
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
      () => client.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x', ObjectLockMode: 'FOREVER' as 'GOVERNANCE' })),
    ],
    ['NoSuchUpload', 404, () => client.send(new sdk.AbortMultipartUploadCommand({ ...at('a'), UploadId: 'none' }))],
    ['InvalidArgument', 400, async () => part(await open(), 10_001, Buffer.from('x'))],
    [
      'InvalidRequest',
      400,
      async () =>
        client.send(new sdk.UploadPartCommand({ ...at('m'), UploadId: await open(), PartNumber: 1, Body: 'x' })),
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
        client.send(
          new sdk.PutBucketVersioningCommand({ Bucket: 'archive', VersioningConfiguration: { Status: 'Enabled' } }),
        ),
    ],
  ])('%s (%i)', async (name, status, attempt) => {
    await expect(attempt()).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
    expect(bucket.objects.size).toBe(0);
  });

  test('PreconditionFailed (412) for what is there, in one request and in parts', async () => {
    await client.send(new sdk.PutObjectCommand({ ...at('m'), Body: 'x', IfNoneMatch: '*' }));
    await expect(
      client.send(new sdk.PutObjectCommand({ ...at('m'), Body: 'y', IfNoneMatch: '*' })),
    ).rejects.toMatchObject({ name: 'PreconditionFailed' });
    const UploadId = await open();
    const Parts = [await part(UploadId, 1, Buffer.from('y'))];
    const conditional = new sdk.CompleteMultipartUploadCommand({
      ...at('m'),
      UploadId,
      MultipartUpload: { Parts },
      IfNoneMatch: '*',
    });
    await expect(client.send(conditional)).rejects.toMatchObject({ name: 'PreconditionFailed' });
    expect(bucket.objects.get('m')?.bytes.toString()).toBe('x');
  });

  test('InvalidRange (416), and a key that may not be known of (403)', async () => {
    await client.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x' }));
    await expect(client.send(new sdk.GetObjectCommand({ ...at('a'), Range: 'bytes=1-2' }))).rejects.toMatchObject({
      name: 'InvalidRange',
    });
    const blind = clientOf({ credentials: s3.add('blind', ['ListBucket']) });
    await expect(blind.send(new sdk.GetObjectCommand(at('none')))).rejects.toMatchObject({ name: 'AccessDenied' });
    blind.destroy();
  });
});

describe('signatures', () => {
  test.each<[string, sdk.S3ClientConfig]>([
    ['SignatureDoesNotMatch', { credentials: { accessKeyId: 'AKIAOWNER', secretAccessKey: 'wrong' } }],
    ['InvalidAccessKeyId', { credentials: { accessKeyId: 'AKIANOBODY', secretAccessKey: 'owner-secret' } }],
    ['AuthorizationHeaderMalformed', { region: 'us-east-1' }],
  ])('%s', async (name, config) => {
    const other = clientOf(config);
    await expect(other.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x' }))).rejects.toMatchObject({ name });
    other.destroy();
    expect(bucket.objects.size).toBe(0);
  });

  test('a request without one, one that is old, and one over another body', async () => {
    expect((await fetch(`${s3.url}/archive/a`)).status).toBe(403);
    s3.clockOffset = 16 * 60_000;
    await expect(client.send(new sdk.PutObjectCommand({ ...at('a'), Body: 'x' }))).rejects.toMatchObject({
      name: 'RequestTimeTooSkewed',
    });
    s3.clockOffset = 0;
    const changing = clientOf();
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
    changing.destroy();
  });

  test('a body in frames is refused, never stored with its frames', async () => {
    const framing = clientOf({ requestChecksumCalculation: 'WHEN_SUPPORTED' });
    const { Readable } = await import('node:stream');
    const Body = Readable.from([Buffer.from('content')]);
    await expect(framing.send(new sdk.PutObjectCommand({ ...at('a'), Body, ContentLength: 7 }))).rejects.toMatchObject({
      name: 'NotImplemented',
    });
    framing.destroy();
    expect(bucket.objects.size).toBe(0);
  });
});

test('pages of objects end where they should', async () => {
  for (const key of ['b', 'a', 'ä', 'c']) await client.send(new sdk.PutObjectCommand({ ...at(key), Body: key }));
  const keys: (string | undefined)[] = [];
  for await (const page of sdk.paginateListObjectsV2({ client, pageSize: 1 }, { Bucket: 'archive' })) {
    expect(page.KeyCount).toBe(1);
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
  }
  expect(keys).toEqual(['a', 'b', 'c', 'ä']);
});

test('every error it gives is one that the store knows by name', () => {
  const unknown = ERROR_CODES.filter(
    (name) =>
      classify(Object.assign(new Error('x'), { name, $metadata: { httpStatusCode: 400 } }))?.fault === 'refused',
  );
  // Refusals of requests that this program never makes; their own words are shown.
  expect(unknown).toEqual([
    'EntityTooSmall',
    'InvalidArgument',
    'InvalidDigest',
    'InvalidPart',
    'InvalidPartOrder',
    'InvalidRequest',
    'MalformedXML',
  ]);
});
