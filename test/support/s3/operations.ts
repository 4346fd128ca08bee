import { createHash } from 'node:crypto';
import type { Bucket, Stored } from './bucket.ts';
import { etagOf, hide, keep, lockFrom, sortedKeys } from './bucket.ts';
import type { Members, OperationName } from './model.ts';
import { MULTIPART } from './multipart.ts';
import { Refusal } from './refusal.ts';

export interface Call {
  readonly bucket: Bucket;
  readonly request: Members;
  readonly body: Buffer;
  readonly now: number;
  /** Most objects or uploads on one page. */
  readonly pageSize: number;
  /** Whether the caller may list the bucket: without, a missing key is a forbidden one. */
  readonly mayList: boolean;
  /** A store that does not know If-None-Match: takes no notice of it, or refuses it. */
  readonly conditional: 'yes' | 'ignored' | 'refused';
}

export const OPERATIONS: Readonly<Record<OperationName, (call: Call) => Members>> = {
  ...MULTIPART,
  PutObject: (call) => {
    const { bucket, request, body, now } = call;
    const checksum = requireChecksums(request, body);
    const lock = lockFrom(bucket, request, now);
    if (lock !== undefined && checksum === undefined && request['ContentMD5'] === undefined) {
      throw new Refusal(
        'InvalidRequest',
        'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
      );
    }
    requireAbsent(call);
    const etag = keep(bucket, keyOf(request), { bytes: body, etag: etagOf(body), checksum, lock });
    return { ETag: etag, ...(checksum === undefined ? {} : { ChecksumSHA256: checksum }) };
  },
  GetObject: (call) => {
    const object = find(call);
    if (object.storageClass === 'GLACIER') {
      throw new Refusal('InvalidObjectState', "The operation is not valid for the object's storage class", {
        elements: { StorageClass: 'GLACIER' },
      });
    }
    const { IfMatch, Range } = call.request;
    if (IfMatch !== undefined && IfMatch !== object.etag) {
      throw new Refusal('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
        elements: { Condition: 'If-Match' },
      });
    }
    const common = { ETag: object.etag, LastModified: object.modified, AcceptRanges: 'bytes' };
    if (Range === undefined) return { ...common, ContentLength: object.bytes.length, Body: object.bytes };
    const { first, last } = rangeOf(String(Range), object.bytes.length);
    const bytes = object.bytes.subarray(first, last + 1);
    return {
      ...common,
      ContentLength: bytes.length,
      ContentRange: `bytes ${first}-${last}/${object.bytes.length}`,
      Body: bytes,
    };
  },
  HeadObject: (call) => {
    const { etag, modified, bytes } = find(call);
    return { ETag: etag, LastModified: modified, AcceptRanges: 'bytes', ContentLength: bytes.length };
  },
  DeleteObject: ({ bucket, request }) => {
    hide(bucket, keyOf(request));
    return bucket.objectLock ? { DeleteMarker: true } : {};
  },
  ListObjectsV2: ({ bucket, request, pageSize }) => {
    const {
      Prefix = '',
      ContinuationToken,
      MaxKeys = 1000,
    } = request as { Prefix?: string; ContinuationToken?: string; MaxKeys?: number };
    const after = ContinuationToken === undefined ? undefined : Buffer.from(ContinuationToken, 'base64').toString();
    const keys = sortedKeys(bucket.objects.keys()).filter((key) => key.startsWith(Prefix));
    const rest = after === undefined ? keys : keys.slice(keys.indexOf(after) + 1);
    const page = rest.slice(0, Math.min(MaxKeys, pageSize));
    const truncated = page.length < rest.length;
    return {
      Name: bucket.name,
      Prefix,
      MaxKeys,
      KeyCount: page.length,
      IsTruncated: truncated,
      ...(truncated ? { NextContinuationToken: Buffer.from(page.at(-1) ?? '').toString('base64') } : {}),
      Contents: page.map((key) => {
        const object = bucket.objects.get(key) as Stored;
        return {
          Key: key,
          LastModified: object.modified,
          ETag: object.etag,
          Size: object.bytes.length,
          StorageClass: object.storageClass,
        };
      }),
    };
  },
};

export function keyOf({ Key }: Members): string {
  return String(Key);
}

/** @returns the sha256 that was given, in base64 */
export function requireChecksums({ ContentMD5, ChecksumSHA256 }: Members, body: Buffer): string | undefined {
  const of = (algorithm: string) => createHash(algorithm).update(body).digest('base64');
  if (ContentMD5 !== undefined && ContentMD5 !== of('md5'))
    throw new Refusal('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  if (ChecksumSHA256 === undefined) return undefined;
  if (Buffer.from(String(ChecksumSHA256), 'base64').length !== 32)
    throw new Refusal('InvalidRequest', 'Value for x-amz-checksum-sha256 header is invalid.');
  if (ChecksumSHA256 !== of('sha256'))
    throw new Refusal('BadDigest', 'The SHA256 you specified did not match the calculated checksum.');
  return String(ChecksumSHA256);
}

export function requireAbsent({ bucket, request, conditional }: Call): void {
  if (request['IfNoneMatch'] === undefined || conditional === 'ignored') return;
  if (request['IfNoneMatch'] !== '*' || conditional === 'refused') {
    throw new Refusal('NotImplemented', 'A header you provided implies functionality that is not implemented');
  }
  if (bucket.objects.has(keyOf(request))) {
    throw new Refusal('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
      elements: { Condition: 'If-None-Match' },
    });
  }
}

function find({ bucket, request, mayList }: Call): Stored {
  const object = bucket.objects.get(keyOf(request));
  if (object !== undefined) return object;
  if (!mayList) throw new Refusal('AccessDenied', 'Access Denied');
  throw new Refusal('NoSuchKey', 'The specified key does not exist.', { elements: { Key: keyOf(request) } });
}

function rangeOf(range: string, length: number): { first: number; last: number } {
  const [, first = '', last = ''] = /^bytes=(\d+)-(\d+)$/u.exec(range) ?? [];
  if (first === '' || Number(first) >= length || Number(last) < Number(first)) {
    throw new Refusal('InvalidRange', 'The requested range is not satisfiable', {
      elements: { ActualObjectSize: String(length) },
    });
  }
  return { first: Number(first), last: Math.min(Number(last), length - 1) };
}
