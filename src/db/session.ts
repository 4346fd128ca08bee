import type postgres from 'postgres';
import type { OrdersyncError } from '../errors.ts';
import type { ServerCertificates } from './wire/certificates.ts';

/**
 * postgres.js with int8, numeric and timestamps left as text: exact values, cast in SQL where another type is wanted;
 * bigint is accepted as a parameter. Every statement is tagged as this program's own (tag.ts); somebody else's SQL goes
 * through simpleTextAsWritten and runTextAsWritten. What would need a second connection or a private one (begin, reserve, listen, end) is not there: inTransaction begins, close ends.
 */
export type Sql = postgres.ISql<{ bigint: bigint }>;

/**
 * One pinned backend. `sql` has exactly one connection, pipelines what is sent without awaiting, and never reconnects:
 * after the backend is gone every query rejects with OrdersyncError('connection'), none is silently sent to a new backend.
 */
export interface Session {
  readonly sql: Sql;
  readonly server: ServerFacts;
  /** True once the connection is gone, for whatever reason. */
  readonly lost: boolean;
  /** Asks the server to cancel what this session runs now (CancelRequest on a socket of its own). Never throws. */
  cancel(): Promise<void>;
  /**
   * What the server shows to whoever asks for TLS, seen on a connection of its own that logs nobody in.
   * @throws OrdersyncError `connection`, or the reason of `signal`
   */
  certificates(signal: AbortSignal): Promise<ServerCertificates>;
  /**
   * Gives the bare connection away, for what the driver cannot do. The session has to be idle; afterwards it can only be
   * closed, and `receiver` gets every byte that the server sends.
   */
  takeOver(receiver: Receiver): Link;
  close(): Promise<void>;
}

/** Who gets what the server sends on a connection that was taken over. */
export interface Receiver {
  /** The chunk belongs to the receiver, who may write into it. */
  data(chunk: Buffer): void;
  /** Called once, when the connection is gone for whatever reason. */
  lost(loss: OrdersyncError): void;
}

/** The sending side of a connection that was taken over. */
export interface Link {
  send(message: Buffer): void;
  pause(): void;
  resume(): void;
  cut(reason: OrdersyncError): void;
}

export interface SessionRequest {
  /** Appended to application_name: `ordersync migrate up (watcher)`. */
  readonly purpose?: string;
  /** Another database of the same server, for scratch work. */
  readonly database?: string;
}

export interface ServerFacts {
  /** server_version_num, e.g. 180004. */
  readonly versionNum: number;
  /** server_version, e.g. "18.4". */
  readonly version: string;
  /** pg_backend_pid() of this session. */
  readonly pid: number;
  readonly database: string;
  readonly user: string;
  /** Host and port, or socket folder, as people recognise it; never a password. */
  readonly address: string;
  readonly inRecovery: boolean;
  readonly superuser: boolean;
  /** True when a transaction pooler stands between: pg_backend_pid() differs from BackendKeyData, or changes. */
  readonly pooled: boolean;
}
