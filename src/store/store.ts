/** An object that lies in a store. */
export interface StoredObject {
  /** Path below the store's root, with slashes: `audit_logs/year=2025/month=01/part-00000-<root>.parquet`. */
  readonly key: string;
  readonly bytes: number;
}

/** What was handed over, as the sender counted it: nothing that the store said goes into it. */
export interface SentObject extends StoredObject {
  /** Lower-case hex over all bytes. */
  readonly sha256: string;
}

/** One object on its way into a store. Nobody sees it under its key before `finish`. */
export interface Upload {
  /** Resolves when there is room for more; the buffer may be reused afterwards. */
  write(piece: Uint8Array): Promise<void>;
  /** Makes it visible under its key, durably. @throws OrdersyncError `precondition` when `ifAbsent` and the key is taken */
  finish(): Promise<SentObject>;
  /** Leaves nothing behind. Never throws. */
  abandon(): Promise<void>;
}

/**
 * Where archives lie: a directory, or S3 and what speaks its protocol. Failures are OrdersyncErrors whose `facts.reason` names
 * the fault; what may pass (throttling, 5xx, a lost connection) was tried again with growing pauses before.
 */
export interface ObjectStore {
  /** For people and manifests: `file:///srv/archive` or `s3://bucket/prefix`; holds no secret. */
  readonly location: string;
  /** Starts an object. An unfinished one of a killed process is invisible, and removed by `sweep`. */
  upload(key: string, options?: { readonly ifAbsent?: boolean }): Promise<Upload>;
  /** All bytes from the store itself, never from a cache. @throws OrdersyncError with `facts.reason` `not_found` */
  read(key: string, range?: { readonly offset: number; readonly length: number }): AsyncIterable<Uint8Array>;
  /** Size of an object; undefined when there is none. */
  head(key: string): Promise<StoredObject | undefined>;
  /** Finished objects only, in the order of their keys. */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** @returns `hidden` when the store keeps its bytes as an older version: S3 does with versioning, and always with Object Lock */
  remove(key: string): Promise<'removed' | 'hidden'>;
  /**
   * Removes what killed processes left unfinished below a prefix, where nobody else may be at work.
   * @param olderThanMs leaves alone what was begun more recently; default 0
   * @returns how many
   */
  sweep(prefix: string, options?: { readonly olderThanMs?: number }): Promise<number>;
  /** Throws what an upload would throw, and leaves nothing behind. */
  probe(): Promise<void>;
  close(): void;
}
