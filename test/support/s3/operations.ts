import type { Stored } from './bucket.ts';
import { etagOf, hide, keep, lockFrom, sortedKeys } from './bucket.ts';
import type { Call } from './call.ts';
import { keyOf, requireAbsent, requireChecksums, textOf } from './call.ts';
import type { Members, OperationName } from './model.ts';
import { MULTIPART } from './multipart.ts';
import { Refusal } from './refusal.ts';

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
    const { IfMatch } = call.request;
    const range = textOf(call.request, 'Range');
    if (IfMatch !== undefined && IfMatch !== object.etag) {
      throw new Refusal('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
        elements: { Condition: 'If-Match' },
      });
    }
    const common = { ETag: object.etag, LastModified: object.modified, AcceptRanges: 'bytes' };
    if (range === undefined) return { ...common, ContentLength: object.bytes.length, Body: object.bytes };
    const { first, last } = rangeOf(range, object.bytes.length);
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
  // Of a bucket with Object Lock it hides what is locked, too: only the removal of a version, which nobody here asks for, is
  // refused for its lock. What refuses this request is a policy, or the retention rules of other services.
  DeleteObject: ({ bucket, request }) => {
    if (bucket.keeps(keyOf(request))) {
      throw new Refusal(
        'AccessDenied',
        `User: arn:aws:iam::111122223333:user/x is not authorized to perform: s3:DeleteObject on resource: "arn:aws:s3:::${bucket.name}/${keyOf(request)}" with an explicit deny in a resource-based policy`,
      );
    }
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
    const listed = bucket.staleListing ?? bucket.objects;
    const keys = sortedKeys(listed.keys()).filter((key) => key.startsWith(Prefix));
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
        const object = listed.get(key) as Stored;
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
