import type { ErrorCode } from '../errors.ts';
import { OrdersyncError } from '../errors.ts';
import type { Outcome } from '../output/report.ts';

/** The published table: `ordersync help exit-codes`, README and a test print it from here. */
export const EXIT_CODES = [
  { code: 0, meaning: 'done, or nothing to do' },
  { code: 1, meaning: 'a bug in ordersync: the stack is printed, please report it' },
  { code: 2, meaning: 'usage: a wrong option, value or migration file; nothing was changed' },
  {
    code: 3,
    meaning:
      'environment: cannot connect, refused credentials or rights, configuration, missing extension, server too old',
  },
  {
    code: 4,
    meaning:
      'refused, nothing changed: lock held, not confirmed, precondition, the plan went stale, a migration failed and was rolled back',
  },
  {
    code: 5,
    meaning:
      'looked, and it is not healthy: pending under --check, drift, checksum, undecryptable row, threshold crossed, proof failed',
  },
  { code: 6, meaning: 'stopped part way: committed work is kept, run the same command again to continue' },
  { code: 130, meaning: 'interrupted by Ctrl-C (SIGINT) at a safe point' },
  { code: 143, meaning: 'interrupted by SIGTERM at a safe point' },
] as const;

export type ExitCode = (typeof EXIT_CODES)[number]['code'];

const BY_ERROR: Readonly<Record<ErrorCode, ExitCode>> = {
  usage: 2,
  config: 3,
  connection: 3,
  permission: 3,
  not_enabled: 3,
  lock_held: 4,
  not_confirmed: 4,
  precondition: 4,
  unhealthy: 5,
  checksum_mismatch: 5,
  decrypt_failed: 5,
  partial: 6,
  interrupted: 130,
};

const BY_OUTCOME: Readonly<Record<Outcome, ExitCode>> = { ok: 0, unknown: 3, refused: 4, unhealthy: 5, partial: 6 };

export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof OrdersyncError)) return 1;
  return error.details.signal === 'SIGTERM' ? 143 : BY_ERROR[error.code];
}

export function exitCodeOfOutcome(outcome: Outcome | undefined): ExitCode {
  return BY_OUTCOME[outcome ?? 'ok'];
}
