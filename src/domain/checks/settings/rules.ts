import { parseSize } from './size.ts';

/** What the server says of a setting. */
export interface LiveSetting {
  readonly name: string;
  /** In `unit`. */
  readonly value: string;
  readonly unit: string | null;
  readonly context: string;
  readonly pendingRestart: boolean;
}

/** Whether a live value does what the wanted one is for. */
export interface Rule {
  /** Completes "expected: ". */
  readonly expected: (wanted: string, ramBytes: number) => string;
  readonly holds: (live: LiveSetting, wanted: string, ramBytes: number) => boolean;
  readonly severity: 'warning' | 'critical';
  /** The value to set, where it is not the wanted one. */
  readonly remedy?: (live: LiveSetting, wanted: string, ramBytes: number) => string;
  /** What has to be there before the remedy works. */
  readonly before?: string;
}

/** The memory sizes of the specification are for this machine. */
export const SPECIFIED_RAM = 8 * 1024 ** 3;

const exactly: Rule = {
  expected: (wanted) => wanted,
  holds: ({ value }, wanted) => value.toLowerCase() === wanted.toLowerCase(),
  severity: 'warning',
};
const atLeast: Rule = {
  expected: (wanted) => `at least ${wanted}`,
  holds: (live, wanted) => numberOf(live) >= sizeOf(live, wanted),
  severity: 'warning',
};
const atMost: Rule = {
  expected: (wanted) => `at most ${wanted}`,
  holds: (live, wanted) => numberOf(live) <= sizeOf(live, wanted),
  severity: 'warning',
};
/** On at all, and for no longer than wanted: 0 or -1 switches such a setting off. */
const upTo = (least: number): Rule => ({
  expected: (wanted) => `from ${least} to ${wanted}`,
  holds: (live, wanted) => numberOf(live) >= least && numberOf(live) <= sizeOf(live, wanted),
  severity: 'warning',
});
/** A share of the machine's memory, within factors of the specification's. */
const share = (least: number, most: number): Rule => ({
  expected: (wanted, ram) =>
    `${sizeText(least * scaled(wanted, ram))} to ${sizeText(most * scaled(wanted, ram))} with ${sizeText(ram)} of memory`,
  holds: (live, wanted, ram) => {
    const bytes = numberOf(live) * unitBytes(live.unit);
    return bytes >= least * scaled(wanted, ram) && bytes <= most * scaled(wanted, ram);
  },
  severity: 'warning',
  remedy: (_, wanted, ram) => `${Math.round(scaled(wanted, ram) / 1024)}kB`,
});
const utc: Rule = {
  expected: () => 'UTC',
  holds: ({ value }) => ['utc', 'etc/utc', 'gmt', 'etc/gmt', 'zulu', 'uct'].includes(value.toLowerCase()),
  severity: 'warning',
};
const critical = (rule: Rule): Rule => ({ ...rule, severity: 'critical' });
/** Any file will do; the one that the server looks for by itself lies in its data directory. */
const file = (own: string): Rule => ({
  expected: (wanted) => `a file, such as ${wanted}`,
  holds: ({ value }) => value !== '',
  severity: 'critical',
  remedy: () => own,
  before: `${own} must be in the data directory; or name the file where it is`,
});

/** Each setting of sql/config/postgresql.conf has its rule; a test compares the two lists. */
export const RULES: Readonly<Record<string, Rule>> = {
  // 15 to 40 % of the memory
  shared_buffers: share(0.6, 1.6),
  effective_cache_size: share(0.6, 1.34),
  maintenance_work_mem: share(0.5, 4),
  work_mem: share(0.25, 2),
  checkpoint_completion_target: atLeast,
  wal_buffers: atLeast,
  min_wal_size: atLeast,
  max_wal_size: atLeast,
  default_statistics_target: atLeast,
  random_page_cost: atMost,
  effective_io_concurrency: atLeast,
  max_connections: upTo(20),
  max_worker_processes: atLeast,
  max_parallel_workers_per_gather: atLeast,
  max_parallel_workers: atLeast,
  max_locks_per_transaction: atLeast,
  log_min_duration_statement: upTo(0),
  log_parameter_max_length: exactly,
  log_parameter_max_length_on_error: exactly,
  log_line_prefix: {
    expected: (wanted) => `time, process, user, database, application and client, as in '${wanted.trim()}'`,
    holds: ({ value }) => [/%[tmn]/, /%p/, /%u/, /%d/, /%a/, /%[hr]/].every((part) => part.test(value)),
    severity: 'warning',
  },
  log_checkpoints: exactly,
  log_connections: {
    ...exactly,
    // A list from version 18 on; the empty one is off.
    holds: ({ value }) => !['', 'off', 'false', 'no', '0'].includes(value.toLowerCase()),
  },
  log_disconnections: exactly,
  log_lock_waits: exactly,
  log_timezone: utc,
  shared_preload_libraries: {
    expected: (wanted) => `a list with ${wanted}`,
    holds: ({ value }, wanted) => librariesOf(value).includes(wanted),
    severity: 'warning',
    remedy: ({ value }, wanted) => [...librariesOf(value), wanted].join(', '),
  },
  track_io_timing: exactly,
  timezone: utc,
  ssl: { ...critical(exactly), before: 'ssl_cert_file and ssl_key_file must be there' },
  ssl_cert_file: file('server.crt'),
  ssl_key_file: file('server.key'),
  ssl_min_protocol_version: {
    expected: (wanted) => `${wanted} or newer`,
    holds: ({ value }, wanted) => value !== '' && value >= wanted,
    severity: 'critical',
  },
  password_encryption: critical(exactly),
  idle_in_transaction_session_timeout: upTo(1),
};

function librariesOf(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim().replaceAll('"', ''))
    .filter((name) => name !== '');
}

function numberOf({ value }: LiveSetting): number {
  return Number(value);
}

/** The wanted value in the unit of the live one. */
function sizeOf({ unit }: LiveSetting, wanted: string): number {
  return /^[\d.]+$/.test(wanted) ? Number(wanted) : parseSize(wanted) / unitBytes(unit);
}

function unitBytes(unit: string | null): number {
  return unit === null ? 1 : parseSize(unit);
}

function scaled(wanted: string, ramBytes: number): number {
  return (parseSize(wanted) * ramBytes) / SPECIFIED_RAM;
}

function sizeText(bytes: number): string {
  return bytes >= 1024 ** 3 ? `${Number((bytes / 1024 ** 3).toFixed(1))} GB` : `${Math.round(bytes / 1024 ** 2)} MB`;
}
