import type { RowSpec } from './dashboard-spec.ts';
import { lines, stat } from './dashboard-spec.ts';

const BY = 'by (instance)';

const HEALTH: RowSpec = {
  title: 'Health',
  panels: [
    stat('Server', '1 while PostgreSQL answers', `min ${BY} ($up)`, { warn: 1, crit: 1, below: true }),
    stat('Up for', 'since the last start', `min ${BY} (time() - $server_started_timestamp_seconds)`, undefined, 's'),
    stat(
      'Critical reports',
      'reports of ordersync whose verdict is critical',
      `sum ${BY} ($section_verdict{verdict="critical"})`,
      { warn: 1, crit: 1 },
    ),
    stat(
      'Collectors that cannot look',
      'their figures are absent here: a right or an extension is missing',
      `count ${BY} ($collector_success) - sum ${BY} ($collector_success)`,
      { warn: 1, crit: 5 },
    ),
    stat('Connections', 'of those that the server admits', `max ${BY} ($connections_used_ratio{scope="limit"})`, {
      warn: 0.8,
      crit: 0.95,
    }),
    stat(
      'Oldest transaction',
      'age of the oldest open transaction',
      `max ${BY} ($sessions_oldest_transaction_seconds)`,
      {
        warn: 300,
        crit: 3600,
      },
    ),
    stat('Waiting for locks', 'sessions that wait for another one', `max ${BY} ($sessions_waiting_for_locks)`, {
      warn: 1,
      crit: 10,
    }),
    stat(
      'Cache hits',
      'share of blocks found in shared buffers',
      `sum ${BY} (rate($cache_hits_total[$__rate_interval])) / sum ${BY} (rate($cache_hits_total[$__rate_interval]) + rate($cache_reads_total[$__rate_interval]))`,
      { warn: 0.95, crit: 0.9, below: true },
      'percentunit',
    ),
    stat('Standby lag', 'of the standby that is furthest behind', `max ${BY} ($replication_lag_seconds)`, {
      warn: 5,
      crit: 60,
    }),
    stat(
      'Partition runway',
      'time until the first month without a partition',
      `min ${BY} ($partition_runway_seconds)`,
      { warn: 35 * 86_400, crit: 7 * 86_400, below: true },
    ),
    stat('Oldest active key', 'age of the oldest key that encrypts', `max ${BY} ($key_age_seconds)`, {
      warn: 90 * 86_400,
      crit: 180 * 86_400,
    }),
    stat(
      'Plaintext',
      'values in encrypted columns that are no ciphertext, at the worst look of the last hour',
      `sum ${BY} (max_over_time($encryption_plaintext_values[1h]))`,
      { warn: 1, crit: 1 },
    ),
    stat('Jobs', 'that failed, or did not run when they were due', `sum ${BY} ($job_failed + $job_overdue)`, {
      warn: 1,
      crit: 3,
    }),
    stat('Failed log-ins', 'in the last 15 minutes', `max ${BY} ($logins_failed)`, { warn: 100, crit: 1000 }),
  ],
};

const LOAD: RowSpec = {
  title: 'Load',
  panels: [
    lines(
      'Transactions',
      'committed and rolled back, a second',
      {
        '{{database}} commits': 'sum by (instance, database) (rate($database_commits_total[$__rate_interval]))',
        '{{database}} rollbacks': 'sum by (instance, database) (rate($database_rollbacks_total[$__rate_interval]))',
      },
      'ops',
    ),
    lines('Connections by state', 'client sessions', {
      '{{name}}': 'sum by (instance, name) ($connections{scope="group"})',
    }),
    lines(
      'Statements by time',
      'seconds of execution a second; query_id is that of ordersync monitor slow-queries --id',
      {
        '{{query_id}}': 'topk(10, sum by (instance, query_id) (rate($statements_seconds_total[$__rate_interval])))',
      },
      's',
    ),
    lines(
      'Statements by calls',
      'calls a second',
      { '{{query_id}}': 'topk(10, sum by (instance, query_id) (rate($statements_calls_total[$__rate_interval])))' },
      'ops',
    ),
    lines('Transactions and locks', 'the longest of each', {
      'open transaction': 'max by (instance) ($sessions_oldest_transaction_seconds)',
      'idle in transaction': 'max by (instance) ($sessions_longest_idle_in_transaction_seconds)',
      'wait for a lock': 'max by (instance) ($sessions_longest_lock_wait_seconds)',
    }),
    lines(
      'Deadlocks and temporary files',
      'in the last five minutes',
      {
        deadlocks: 'sum by (instance) (increase($database_deadlocks_total[5m]))',
        'temporary files': 'sum by (instance) (increase($database_temp_files_total[5m]))',
      },
      'short',
    ),
  ],
};

const STORAGE: RowSpec = {
  title: 'Storage',
  panels: [
    lines('Size of the database', 'on disk', { '{{database}}': 'max by (instance, database) ($database_size_bytes)' }),
    lines('Largest tables', 'partitions, TOAST and indexes included', {
      '{{table}}': 'topk(10, max by (instance, table) ($table_total_bytes))',
    }),
    lines('Dead rows', 'in multiples of what starts autovacuum', {
      '{{table}}': 'topk(10, max by (instance, table) ($vacuum_over_threshold))',
    }),
    lines('Bloat', 'estimated dead space of the tables that have most of it', {
      '{{table}}': 'topk(10, max by (instance, table) ($bloat_bytes))',
    }),
    lines('Age of transaction ids', 'at about 2.1 billion the server stops writing', {
      '{{database}}': 'max by (instance, database) ($wraparound_xid_age)',
    }),
    lines(
      'WAL written',
      'bytes a second',
      { WAL: 'sum by (instance) (rate($wal_bytes_total[$__rate_interval]))' },
      'Bps',
    ),
    lines(
      'Checkpoints',
      'in the last hour: by the clock, and forced by WAL volume',
      {
        timed: 'sum by (instance) (increase($checkpoints_timed_total[1h]))',
        requested: 'sum by (instance) (increase($checkpoints_requested_total[1h]))',
      },
      'short',
    ),
    lines('WAL kept by slots', 'grows until the disk is full when nobody reads', {
      '{{slot}}': 'max by (instance, slot) ($replication_slot_retained_bytes)',
    }),
    lines('Standby lag', 'until replayed', {
      '{{standby}}': 'max by (instance, standby) ($replication_lag_seconds)',
    }),
    lines('Sequences', 'share of what sequence and column admit', {
      '{{sequence}}': 'topk(10, max by (instance, sequence) ($sequence_used_ratio))',
    }),
  ],
};

const ORDERSYNC: RowSpec = {
  title: 'Partitions, keys, jobs, log-ins',
  panels: [
    lines('Partition runway', 'time until the first month without a partition', {
      '{{table}}': 'min by (instance, table) ($partition_runway_seconds)',
    }),
    lines('Rows in catch-alls', 'their month had no partition when they came', {
      '{{table}}': 'max by (instance, table) ($partition_catch_all_rows)',
    }),
    lines('Archive backlog', 'months older than six months that are still here', {
      '{{table}}': 'max by (instance, table) ($archive_backlog_partitions)',
    }),
    lines('Age of the active keys', 'rotation is due at 90 days', {
      '{{key_type}}': 'max by (instance, key_type) ($key_age_seconds)',
    }),
    lines('Plaintext', 'values in encrypted columns that are no ciphertext', {
      '{{table}}.{{column}}': 'max by (instance, table, column) ($encryption_plaintext_values) > 0',
    }),
    lines(
      'Since the last success of each job',
      'a job that succeeds every day stays below a day',
      { '{{job_name}}': 'max by (instance, job_name) (time() - $job_last_success_timestamp_seconds)' },
      's',
    ),
    lines('Log-ins', 'of the last 15 minutes', {
      failed: 'max by (instance) ($logins_failed)',
      succeeded: 'max by (instance) ($logins_succeeded)',
    }),
    lines('Attacks', 'most failures of one account, most accounts from one address, in the last 15 minutes', {
      'failures of one account': 'max by (instance) ($logins_most_failures_of_account)',
      'accounts of one address': 'max by (instance) ($logins_most_accounts_of_address)',
    }),
    lines('Roles with far-reaching rights', 'superusers, past row security, makers of roles', {
      superusers: 'max by (instance) ($roles_superusers)',
      'bypass row security': 'max by (instance) ($roles_bypass_row_security)',
      'create roles': 'max by (instance) ($roles_create_roles)',
    }),
    lines('Time of the collectors', 'the slowest of them', {
      '{{collector}}': 'topk(10, max by (instance, collector) ($collector_duration_seconds))',
    }),
  ],
};

export const ROWS: readonly RowSpec[] = [HEALTH, LOAD, STORAGE, ORDERSYNC];
