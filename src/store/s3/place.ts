import type { ObjectLock } from '../../context.ts';
import type { SentObject } from '../store.ts';
import type { S3Caller } from './client.ts';
import type { S3Call } from './errors.ts';

/** What the parts of a store need of it. */
export interface S3Place {
  readonly caller: S3Caller;
  readonly bucket: string;
  readonly objectLock: ObjectLock | undefined;
  /** The key in the bucket. */
  readonly nameOf: (key: string) => string;
  readonly callOf: (operation: S3Call['operation'], key?: string) => S3Call;
}

/** What an upload asks the store about the object it makes. */
export interface Whereabouts {
  readonly has: (key: string) => Promise<boolean>;
  readonly keeps: (sent: SentObject) => Promise<boolean>;
}
