import { createHash, randomBytes } from 'node:crypto';
import * as sdk from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { classify } from '../../../src/store/s3/classify.ts';
import { useRawClient } from './raw-client.ts';
import { ERROR_CODES } from './refusal.ts';

const PART = 5 * 1024 * 1024;
const base64 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('base64');
const env = useRawClient();
const at = (Key: string) => ({ Bucket: 'archive', Key });

test('the SDK gets from every operation what the model promises', async () => {
  const Body = Buffer.from('content');
  const put = await env.client.send(new sdk.PutObjectCommand({ ...at('a b/ü+1'), Body, ChecksumSHA256: base64(Body) }));
  expect(put).toMatchObject({
    ETag: `"${createHash('md5').update(Body).digest('hex')}"`,
    ChecksumSHA256: base64(Body),
  });
  expect(await env.client.send(new sdk.HeadObjectCommand(at('a b/ü+1')))).toMatchObject({
    ContentLength: 7,
    ETag: put.ETag,
    LastModified: expect.any(Date),
  });
  const got = await env.client.send(new sdk.GetObjectCommand({ ...at('a b/ü+1'), Range: 'bytes=1-3' }));
  expect([
    await got.Body?.transformToString(),
    got.ContentLength,
    got.ContentRange,
    got.$metadata.httpStatusCode,
  ]).toEqual(['ont', 3, 'bytes 1-3/7', 206]);
  const { UploadId } = await env.client.send(
    new sdk.CreateMultipartUploadCommand({ ...at('large'), ChecksumAlgorithm: 'SHA256' }),
  );
  const listed = await env.client.send(new sdk.ListMultipartUploadsCommand({ Bucket: 'archive', Prefix: 'l' }));
  expect(listed.Uploads).toEqual([{ Key: 'large', UploadId, Initiated: expect.any(Date) }]);
  const parts = [];
  for (const [index, bytes] of [randomBytes(PART), randomBytes(1)].entries()) {
    const ChecksumSHA256 = base64(bytes);
    const { ETag } = await env.client.send(
      new sdk.UploadPartCommand({ ...at('large'), UploadId, PartNumber: index + 1, Body: bytes, ChecksumSHA256 }),
    );
    parts.push({ ETag, PartNumber: index + 1, ChecksumSHA256 });
  }
  const done = await env.client.send(
    new sdk.CompleteMultipartUploadCommand({ ...at('large'), UploadId, MultipartUpload: { Parts: parts } }),
  );
  expect(done).toMatchObject({
    Bucket: 'archive',
    Key: 'large',
    ETag: expect.stringMatching(/^"[0-9a-f]{32}-2"$/u),
    ChecksumType: 'COMPOSITE',
  });
  const page = await env.client.send(new sdk.ListObjectsV2Command({ Bucket: 'archive' }));
  expect(page).toMatchObject({
    IsTruncated: false,
    KeyCount: 2,
    Contents: [
      { Key: 'a b/ü+1', Size: 7 },
      { Key: 'large', Size: PART + 1 },
    ],
  });
  expect((await env.client.send(new sdk.DeleteObjectCommand(at('large')))).$metadata.httpStatusCode).toBe(204);
  const { UploadId: other } = await env.client.send(new sdk.CreateMultipartUploadCommand(at('other')));
  expect(
    (await env.client.send(new sdk.AbortMultipartUploadCommand({ ...at('other'), UploadId: other }))).$metadata
      .httpStatusCode,
  ).toBe(204);
});

test('pages of objects end where they should', async () => {
  for (const key of ['b', 'a', 'ä', 'c']) await env.client.send(new sdk.PutObjectCommand({ ...at(key), Body: key }));
  const keys: (string | undefined)[] = [];
  for await (const page of sdk.paginateListObjectsV2({ client: env.client, pageSize: 1 }, { Bucket: 'archive' })) {
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
