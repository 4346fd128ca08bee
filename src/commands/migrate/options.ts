import { option } from '../../cli/options.ts';
import type { MigrateOptions } from '../../domain/migrations/migrate.ts';

/** Options of every command that takes the run lock. */
export const LOCK_OPTIONS = {
  wait: option.duration('how long to wait while another run migrates this database', { default: 60_000 }),
};

/** Options of every command that runs migration files. */
export const RUN_OPTIONS = {
  ...LOCK_OPTIONS,
  lockTimeout: option.duration('how long a statement may wait for a lock, and others behind it', { default: 1000 }),
  retries: option.integer('how often a file is tried again after a lock timeout or deadlock', {
    min: 0,
    max: 1000,
    default: 10,
  }),
  showDetail: option.flag("show the server's DETAIL, which may quote rows"),
};

interface RunRequest {
  readonly wait: number;
  readonly lockTimeout: number;
  readonly retries: number;
  readonly showDetail: boolean;
}

export function migrateOptions(request: RunRequest, singleTransaction = false): MigrateOptions {
  const { wait, lockTimeout, retries, showDetail } = request;
  return { waitMs: wait, lockTimeoutMs: lockTimeout, retries, showDetail, singleTransaction };
}
