import type { Context } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import type { Watcher } from '../blockers.ts';
import type { MigrationScript } from '../file/migration.ts';
import type { Runner } from '../queries.ts';
import type { SessionSettings } from '../settings.ts';

export type RunContext = Pick<Context, 'db' | 'clock' | 'signal'>;

export interface ApplyOptions {
  /** How long a statement may wait for a lock before its file is rolled back and tried again, in milliseconds. */
  readonly lockTimeoutMs: number;
  /** Attempts after the first, for lock timeouts, deadlocks and serialization failures. */
  readonly retries: number;
  /** The server's DETAIL may quote rows; it is shown only on request. */
  readonly showDetail: boolean;
}

/** What every step of one run shares. */
export interface Run {
  readonly ctx: RunContext;
  readonly session: Session;
  readonly settings: SessionSettings;
  readonly watcher: Watcher;
  readonly runner: Runner;
  readonly options: ApplyOptions;
}

/** A file made ready: its script is SQL, whatever it was written in. */
export interface ReadyFile {
  readonly direction: 'up' | 'down';
  readonly version: string;
  readonly description: string;
  readonly checksum: string;
  readonly script: MigrationScript;
}

export interface AppliedFile {
  readonly version: string;
  readonly description: string;
  readonly direction: 'up' | 'down';
  readonly file: string;
  readonly statements: number;
  readonly executionTimeMs: number;
  readonly attempts: number;
}

/** The first error of a file and where it happened. */
export interface StatementFailure {
  readonly file: ReadyFile;
  readonly error: unknown;
  /** 0-based statements among which the failing one is; undefined when the ledger row or COMMIT failed. */
  readonly range: { readonly first: number; readonly last: number } | undefined;
  /** UTF-16 offset in the script at which the rejected message began. */
  readonly offset: number;
}

/** How one attempt ended; `executionTimesMs` has one entry per file, in their order. */
export type Attempt =
  | { readonly kind: 'committed'; readonly executionTimesMs: readonly number[] }
  | { readonly kind: 'failed'; readonly failure: StatementFailure }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'lost'; readonly error: unknown };
