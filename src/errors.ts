/**
 * Every failure the program can name. The code decides the exit status (src/cli/exit.ts); anything that is not an
 * OrdersyncError is a bug and exits 1.
 */
export type ErrorCode =
  | 'usage' // the words of the call, or a file that cannot be accepted
  | 'config'
  | 'connection'
  | 'permission'
  | 'not_enabled' // a missing extension, a server too old, a setting that forbids it
  | 'lock_held'
  | 'not_confirmed'
  | 'precondition' // refused, and nothing changed
  | 'unhealthy' // looked, and it is not well
  | 'checksum_mismatch'
  | 'decrypt_failed'
  | 'partial' // stopped part way, committed work kept
  | 'interrupted';

export interface ErrorDetails {
  /** What to do next: a command or a sentence. */
  readonly hint?: string;
  /** Five characters of SQLSTATE when the server refused. */
  readonly sqlstate?: string;
  /** Lines that belong under the message: source excerpt with caret, DETAIL, what is left behind. */
  readonly body?: readonly string[];
  /** Machine-readable facts for the JSON error object: file, line, column, statement, blocked_by, applied. */
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** Which signal ended the run, for `interrupted`: 130 for SIGINT, 143 for SIGTERM. */
  readonly signal?: 'SIGINT' | 'SIGTERM';
}

export class OrdersyncError extends Error {
  override readonly name = 'OrdersyncError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.details = details;
  }
}
