import { createHash } from 'node:crypto';
import type { ObjectLock } from '../../context.ts';
import type { Repetition } from './client.ts';
import { plainS3Error } from './errors.ts';
import type { S3Place } from './place.ts';

/** How many parts are on their way at once, beside the one that is being filled. */
const IN_FLIGHT = 2;

export interface Completion extends Pick<Repetition, 'doneBefore'> {
  readonly ifAbsent: boolean;
}

interface SentPart {
  readonly PartNumber: number;
  readonly ETag: string;
  readonly ChecksumSHA256: string;
}

/** The multipart upload of one object. */
export interface Parts {
  /** Resolves when there is room for the next one. The buffer belongs to the upload until `release` is called. */
  send(body: Buffer, release: () => void): Promise<void>;
  complete(completion: Completion): Promise<void>;
  abort(): Promise<void>;
}

export async function beginParts(place: S3Place, key: string): Promise<Parts> {
  const { caller, bucket, nameOf, callOf, objectLock } = place;
  const call = callOf('CreateMultipartUpload', key);
  const target = { Bucket: bucket, Key: nameOf(key) };
  const request = { ...target, ChecksumAlgorithm: 'SHA256' as const, ...lockOf(objectLock) };
  const { UploadId } = await caller.ask(call, (client, sdk, options) =>
    client.send(new sdk.CreateMultipartUploadCommand(request), options),
  );
  if (!UploadId) throw plainS3Error(call, 'wrong_answer', 'no upload id');
  return partsOf(place, { key, upload: { ...target, UploadId } });
}

interface Target {
  readonly key: string;
  readonly upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string };
}

function partsOf({ caller, callOf }: S3Place, { key, upload }: Target): Parts {
  const sent: Promise<SentPart>[] = [];
  const sendOne = async (PartNumber: number, Body: Buffer): Promise<SentPart> => {
    const call = callOf('UploadPart', key);
    const ChecksumSHA256 = createHash('sha256').update(Body).digest('base64');
    const { ETag } = await caller.ask(call, (client, sdk, options) =>
      client.send(
        new sdk.UploadPartCommand({ ...upload, PartNumber, Body, ContentLength: Body.length, ChecksumSHA256 }),
        options,
      ),
    );
    if (ETag === undefined) throw plainS3Error(call, 'wrong_answer', 'no ETag');
    return { PartNumber, ETag, ChecksumSHA256 };
  };
  return {
    send: async (body, release) => {
      const part = sendOne(sent.length + 1, body).finally(release);
      // Its failure is met when the part is waited for; until then it must not end the process.
      part.catch(() => undefined);
      sent.push(part);
      await sent.at(-1 - IN_FLIGHT);
    },
    complete: async ({ ifAbsent, doneBefore }) => {
      const MultipartUpload = { Parts: await Promise.all(sent) };
      const request = { ...upload, MultipartUpload, ...(ifAbsent ? { IfNoneMatch: '*' } : {}) };
      await caller.call(
        callOf('CompleteMultipartUpload', key),
        (client, sdk, options) => client.send(new sdk.CompleteMultipartUploadCommand(request), options),
        doneBefore === undefined ? {} : { doneBefore },
      );
    },
    abort: async () => {
      // A part that is still on its way would stay behind, and be paid for.
      await Promise.allSettled(sent);
      await caller.call(
        callOf('AbortMultipartUpload', key),
        (client, sdk, options) => client.send(new sdk.AbortMultipartUploadCommand(upload), options),
        { cleaning: true },
      );
    },
  };
}

export function lockOf(lock: ObjectLock | undefined): {
  ObjectLockMode?: 'GOVERNANCE' | 'COMPLIANCE';
  ObjectLockRetainUntilDate?: Date;
} {
  if (lock === undefined) return {};
  const ObjectLockMode = lock.mode === 'governance' ? 'GOVERNANCE' : 'COMPLIANCE';
  return { ObjectLockMode, ObjectLockRetainUntilDate: lock.retainUntil };
}
