import type { ObjectLock } from '../../context.ts';
import { isObjectKey, requireObjectKey, requirePrefix } from '../object-key.ts';
import { readBackEquals } from '../read-back.ts';
import type { ObjectStore, StoredObject } from '../store.ts';
import { storeFaultOf } from '../store-error.ts';
import type { S3Connection, S3Needs } from './client.ts';
import { createS3Caller } from './client.ts';
import { plainS3Error } from './errors.ts';
import type { S3Place, Whereabouts } from './place.ts';
import { readObject } from './read.ts';
import { sweepUploads } from './sweep.ts';
import { beginParts } from './parts.ts';
import { S3Upload } from './upload.ts';

export interface S3StoreOptions extends S3Connection {
  readonly bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string;
  /** Given to every object that is uploaded. */
  readonly objectLock?: ObjectLock | undefined;
}

/** A store in S3, or in what speaks its protocol. The SDK is loaded and the network touched at the first operation. */
export function createS3Store(
  needs: S3Needs,
  { bucket, prefix, objectLock, ...connection }: S3StoreOptions,
): ObjectStore {
  const location = prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
  const root = prefix === '' ? '' : `${prefix}/`;
  const caller = createS3Caller(needs, connection);
  const place: S3Place = {
    caller,
    bucket,
    objectLock,
    nameOf: (key) => `${root}${key}`,
    callOf: (operation, key) => ({ operation, location, bucket, ...(key === undefined ? {} : { key }) }),
  };
  const read: ObjectStore['read'] = (key, range) => {
    requireObjectKey(key);
    return readObject(needs, place, key, range);
  };
  const whereabouts: Whereabouts = {
    has: async (key) => (await headOf(place, key)) !== undefined,
    keeps: (sent) => readBackEquals({ read }, sent),
  };
  return {
    location,
    upload: async (key, { ifAbsent = false } = {}) => {
      requireObjectKey(key);
      return new S3Upload(place, { key, ifAbsent, whereabouts });
    },
    read,
    head: async (key) => {
      requireObjectKey(key);
      return headOf(place, key);
    },
    list: (listed) => {
      requirePrefix(listed);
      return listObjects(place, root, listed);
    },
    remove: async (key) => {
      requireObjectKey(key);
      const { DeleteMarker } = await caller.ask(place.callOf('DeleteObject', key), (client, sdk, options) =>
        client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: place.nameOf(key) }), options),
      );
      return DeleteMarker === true ? 'hidden' : 'removed';
    },
    sweep: async (swept, { olderThanMs = 0 } = {}) => {
      requirePrefix(swept);
      return sweepUploads(needs, place, { prefix: `${root}${swept}`, olderThanMs });
    },
    probe: async () => {
      // Begun and ended at once: asks for the very rights that an upload needs, and makes no object.
      await (await beginParts(place, 'probe')).abort();
    },
    close: () => caller.close(),
  };
}

async function headOf({ caller, bucket, nameOf, callOf }: S3Place, key: string): Promise<StoredObject | undefined> {
  const call = callOf('HeadObject', key);
  try {
    const { ContentLength } = await caller.ask(call, (client, sdk, options) =>
      client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: nameOf(key) }), options),
    );
    if (ContentLength === undefined) throw plainS3Error(call, 'wrong_answer', 'no length');
    return { key, bytes: ContentLength };
  } catch (error) {
    if (storeFaultOf(error) === 'not_found') return undefined;
    throw error;
  }
}

/** A thousand at a time, in the order of their keys, as S3 promises. */
async function* listObjects(
  { caller, bucket, callOf }: S3Place,
  root: string,
  prefix: string,
): AsyncGenerator<StoredObject, void, void> {
  const call = callOf('ListObjectsV2');
  let ContinuationToken: string | undefined;
  do {
    const request = { Bucket: bucket, Prefix: `${root}${prefix}`, ContinuationToken };
    const page = await caller.ask(call, (client, sdk, options) =>
      client.send(new sdk.ListObjectsV2Command(request), options),
    );
    for (const { Key, Size } of page.Contents ?? []) {
      if (Key === undefined || Size === undefined) throw plainS3Error(call, 'wrong_answer', 'no key or size');
      const key = Key.slice(root.length);
      // Markers that consoles make for folders end with a slash; no key of this program does.
      if (isObjectKey(key)) yield { key, bytes: Size };
    }
    ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    if (page.IsTruncated === true && !ContinuationToken) throw plainS3Error(call, 'wrong_answer', 'no token');
  } while (ContinuationToken !== undefined);
}
