import type { Plaintext } from './crypto/secret.ts';
import type { Session, SessionRequest } from './db/session.ts';
import type { KeyStore } from './keystore/keystore.ts';
import type { MasterSource } from './keystore/local/master.ts';
import type { ObjectStore } from './store/store.ts';

/** What a command needs of the world. It holds no output: streams live in Io, which only cli/ and output/ see. */
export interface Context {
  readonly db: Database;
  /**
   * Other servers of the same system, each a host or a connection string; none given: those of ORDERSYNC_REPLICA_URL.
   * Connects to nothing. Throws `usage` or `config` for what names no server.
   */
  replicas(given: readonly string[]): Promise<readonly Replica[]>;
  readonly clock: Clock;
  /** Aborts at the first SIGINT or SIGTERM; long work stops at its next safe point. */
  readonly signal: AbortSignal;
  readonly config: RuntimeConfig;
  /**
   * The configured key store, opened at its first use and closed when the command ends; one for equal requests, which
   * unwraps each key once. Throws `config` when none is configured.
   */
  keys(request?: KeyStoreRequest): Promise<KeyStore>;
  /** The keyring file itself, for the commands that change it. */
  keyring(request: { readonly path: string | undefined }): Promise<KeyringFile>;
  /** Where archives lie, opened at its first use and closed when the command ends. Throws `config` when none is configured. */
  store(request?: StoreRequest): Promise<ObjectStore>;
  /**
   * A value that must not stand in argv: all of standard input but one line end, or, on a terminal, what is typed at a
   * question without being shown. Throws `usage` when there is none.
   */
  readSecret(question: string): Promise<Plaintext>;
  /** A named place where a test may kill or fail this process; does nothing otherwise. */
  readonly reach: (point: string) => void;
}

export interface KeyStoreRequest {
  /** Another KMS key than the configured one, to wrap with. */
  readonly kmsKey?: string | undefined;
  /** For one operation of AWS KMS with all its repetitions. */
  readonly timeoutMs?: number;
}

export interface StoreRequest {
  /** Another place than the configured one: a directory, or `s3://bucket/prefix`. */
  readonly to?: string | undefined;
  /** The option that names it, for messages; `--to` unless it is said. */
  readonly option?: '--to' | '--from';
  /** Of a store that speaks the protocol of S3. */
  readonly endpoint?: string | undefined;
  /** Until when S3 is to refuse the removal of what is uploaded. */
  readonly objectLock?: ObjectLock | undefined;
}

export interface ObjectLock {
  readonly mode: 'governance' | 'compliance';
  readonly retainUntil: Date;
}

export interface KeyringFile {
  readonly access: { readonly path: string; readonly uid: number | undefined; readonly holder: string };
  /** What opens it now: the key file, or the passphrase, which is asked for when it is needed. */
  readonly opener: MasterSource;
  /** What is to open it from now on; a passphrase is asked for twice where it is typed. */
  newOpener(use: 'init' | 'change'): MasterSource;
}

/** Opens sessions against the configured server; every session it opened is closed when the command ends. */
export interface Database {
  /** The command's main session, opened at the first call, with application_name `ordersync <command>`. */
  session(): Promise<Session>;
  /** One more session: a watcher, a worker, another database of the same server. */
  open(request: SessionRequest): Promise<Session>;
}

export interface Replica {
  /** Host and port, or socket folder; never a password. */
  readonly address: string;
  /** One session, closed with the others when the command ends. */
  open(): Promise<Session>;
}

export interface Clock {
  now(): Date;
  /** Milliseconds that never run backwards. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once (without an error) when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface RuntimeConfig {
  /** Absolute path of the folder with NNN_name.up.sql files. */
  readonly migrationsDir: string;
  readonly environment: { readonly name: string | undefined; readonly protected: boolean };
  /** Findings of `check` that are to be left alone. */
  readonly waivers: readonly { readonly id: string; readonly reason: string; readonly expires: string }[];
  /** Where `config init` writes. */
  readonly projectFile: string;
  /** Every setting with its origin; secrets are masked. Reads files, connects to nothing. */
  readonly settings: () => Promise<SettingList>;
  /** How a scheduler calls this program for the same database. Connects to nothing. */
  readonly callAgain: () => Promise<CallAgain>;
}

export interface CallAgain {
  /** The program and its global options, unquoted: they mean the same in any folder and environment. No secret. */
  readonly words: readonly string[];
  /** What a command that writes has to be given besides: `--confirm shop` in a protected environment. */
  readonly answers: readonly string[];
  /** What a scheduler will lack, such as a password that came from the environment. */
  readonly warnings: readonly string[];
}

export interface SettingList {
  readonly settings: readonly { readonly setting: string; readonly value: string; readonly origin: string }[];
  /** Why the connection could not be worked out, and what else a user should know. */
  readonly warnings: readonly string[];
}

/** What a long operation tells while it works. One vocabulary for every command; output/progress.ts draws it. */
export type ProgressEvent =
  | { readonly kind: 'phase'; readonly message: string }
  | {
      readonly kind: 'progress';
      readonly label: string;
      readonly done: number;
      readonly total?: number;
      readonly unit: 'rows' | 'files' | 'bytes' | 'statements' | 'tables';
      /** Short extra figures for the end of the line, such as "HOT 84 %". */
      readonly detail?: string;
    }
  | { readonly kind: 'note'; readonly message: string }
  | { readonly kind: 'warning'; readonly message: string };

/** A long operation: yields events, returns its result, stops at a safe point when ctx.signal aborts. */
export type Work<Result> = AsyncGenerator<ProgressEvent, Result, void>;
