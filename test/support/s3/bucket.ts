import { createHash, randomBytes } from 'node:crypto';
import { Refusal } from './refusal.ts';

export interface Lock {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  readonly until: number;
}

export interface Stored {
  /** What was sent; a lying bucket keeps something else. */
  bytes: Buffer;
  readonly etag: string;
  readonly checksum: string | undefined;
  readonly modified: Date;
  readonly lock: Lock | undefined;
  storageClass: 'STANDARD' | 'GLACIER';
}

export interface Part {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly checksum: string | undefined;
}

export interface OpenUpload {
  readonly id: string;
  readonly key: string;
  initiated: Date;
  readonly checksumAlgorithm: string | undefined;
  readonly lock: Lock | undefined;
  readonly parts: Map<number, Part>;
}

/** What a store that lies keeps in place of what it was sent. */
export type Lie = 'one-bit' | 'shorter' | 'nothing' | undefined;

export interface Bucket {
  readonly name: string;
  readonly region: string;
  readonly objectLock: boolean;
  readonly objects: Map<string, Stored>;
  /** Versions that a delete or a replacement hid, newest last; kept where there is an object lock. */
  readonly hidden: { readonly key: string; readonly object: Stored }[];
  readonly uploads: Map<string, OpenUpload>;
  lie: Lie;
  /** Which objects it lies about; all of them at first. */
  liesAbout: (key: string) => boolean;
  /** What its policy lets nobody remove; nothing at first. */
  keeps: (key: string) => boolean;
  /** What it lists instead of what it has: the listing of an earlier moment. */
  staleListing: ReadonlyMap<string, Stored> | undefined;
}

export function createBucket(name: string, region: string, objectLock: boolean): Bucket {
  return {
    name,
    region,
    objectLock,
    objects: new Map(),
    hidden: [],
    uploads: new Map(),
    lie: undefined,
    liesAbout: () => true,
    keeps: () => false,
    staleListing: undefined,
  };
}

/** Puts an object under its key. @returns its ETag */
export function keep(bucket: Bucket, key: string, object: Omit<Stored, 'modified' | 'storageClass'>): string {
  hide(bucket, key);
  const bytes = lied(bucket.liesAbout(key) ? bucket.lie : undefined, object.bytes);
  if (bytes !== undefined)
    bucket.objects.set(key, { ...object, bytes, modified: new Date(), storageClass: 'STANDARD' });
  return object.etag;
}

export function hide(bucket: Bucket, key: string): void {
  const object = bucket.objects.get(key);
  if (object !== undefined && bucket.objectLock) bucket.hidden.push({ key, object });
  bucket.objects.delete(key);
}

function lied(lie: Lie, bytes: Buffer): Buffer | undefined {
  if (lie === undefined) return bytes;
  if (lie === 'nothing') return undefined;
  if (lie === 'shorter') return bytes.subarray(0, Math.max(0, bytes.length - 7));
  const changed = Buffer.from(bytes);
  const middle = changed.length >> 1;
  if (changed.length > 0) changed.writeUInt8(changed.readUInt8(middle) ^ 1, middle);
  return changed;
}

export function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

export function newUploadId(): string {
  return randomBytes(24).toString('base64url');
}

/** By the bytes of their UTF-8, as S3 lists them. */
export function sortedKeys(keys: Iterable<string>): string[] {
  return [...keys].sort((one, two) => Buffer.compare(Buffer.from(one), Buffer.from(two)));
}

export function lockFrom(bucket: Bucket, request: Readonly<Record<string, unknown>>, now: number): Lock | undefined {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until } = request;
  if (mode === undefined && until === undefined) return undefined;
  if (!bucket.objectLock) throw new Refusal('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  if (mode === undefined || until === undefined) {
    throw new Refusal(
      'InvalidArgument',
      'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
    );
  }
  if (Number(until) <= now) throw new Refusal('InvalidArgument', 'The retain until date must be in the future!');
  return { mode: mode === 'GOVERNANCE' ? mode : 'COMPLIANCE', until: Number(until) };
}
