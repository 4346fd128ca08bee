import type { Clock } from '../../../context.ts';
import type { CipherBatch } from '../../../crypto/batch.ts';
import type { CipherKey, KeySet } from '../../../crypto/cipher-key.ts';
import type { Session, SessionRequest } from '../../../db/session.ts';
import type { EncryptedPair, EncryptedTable, KeyType } from '../../encryption/registry.ts';

/** A registered table with the pairs that hold one type of keys; the others of its pairs are left alone. */
export interface RotationTable {
  readonly table: EncryptedTable;
  readonly pairs: readonly EncryptedPair[];
}

/** An unfinished rotation: every value of the type is to be under `to`. */
export interface RotationRun {
  readonly id: string;
  readonly keyType: KeyType;
  readonly to: { readonly keyId: string; readonly key: CipherKey };
}

/** How much of the server the work may take. It always yields to sessions that wait for it. */
export interface Pace {
  /** False: works at most half of the time. */
  readonly fullSpeed: boolean;
  /** Rows per second over all jobs of this process. */
  readonly maxRate: number | undefined;
  /** Bytes of WAL per second, of the whole server. */
  readonly maxWal: number | undefined;
  /** Milliseconds that a standby or a slot may lag behind. */
  readonly maxLagMs: number | undefined;
}

/** What working on rows needs of the world. */
export interface RowWorkNeeds {
  /** Opens one more session; whoever opens it closes it. */
  readonly openSession: (request: SessionRequest) => Promise<Session>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly batch: CipherBatch;
  /** The keys of these kids; unknown and destroyed ones are not among them. Unwraps each key once per process. */
  readonly keysFor: (kids: readonly string[]) => Promise<KeySet>;
  /** A named place where a test may kill or fail this process; does nothing otherwise. */
  readonly reach: (point: FaultPoint) => void;
}

export interface RowWorkRequest {
  readonly run: RotationRun;
  /** Those asked for; all that have values of the type, unless `--table` says otherwise. */
  readonly tables: readonly RotationTable[];
  /** Chunks worked on at once, each with its own sessions. */
  readonly jobs: number;
  readonly pace: Pace;
}

/** Totals of this process, and what stays behind. */
export interface RowWorkResult {
  readonly rows: number;
  readonly values: number;
  readonly chunks: number;
  /** Rows that were changed by others between read and write; the sweep took them. */
  readonly misses: number;
  /** Times a statement was repeated: deadlock, lock timeout, serialization. */
  readonly retries: number;
  /** Rows still pending because a session holds them locked: at most 100 named, all counted. */
  readonly locked: {
    readonly count: number;
    readonly rows: readonly { readonly table: string; readonly id: string }[];
  };
  readonly interrupted: boolean;
}

/** In the order in which a rotation passes them. */
export const FAULT_POINTS = ['after-keyring-write', 'after-key-flip', 'mid-stripe', 'before-finish'] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number];
