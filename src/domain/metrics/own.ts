import type { Family } from './family.ts';

function gauge(name: string, help: string, labels: readonly string[] = []): Family {
  return { name: `ordersync_${name}`, type: 'gauge', help, labels };
}

/** What ordersync says of its own work, and of what no report has. */
export const OWN = {
  up: gauge('up', '1 when the server answered, 0 when it could not be reached'),
  info: gauge('info', 'the version of ordersync, always 1', ['version']),
  serverInfo: gauge('server_info', 'the server, always 1', ['server_version', 'database', 'role']),
  scrapeDuration: gauge('scrape_duration_seconds', 'how long all collectors took'),
  collectedAt: gauge('collected_timestamp_seconds', 'when the figures were read'),
  success: gauge('collector_success', '1 when the collector could look at everything it needs', ['collector']),
  duration: gauge('collector_duration_seconds', 'how long the collector took', ['collector']),
  verdict: gauge('section_verdict', '1 for the verdict that the report has, 0 for the others', [
    'collector',
    'verdict',
  ]),
} as const;

export const ENCRYPTION = {
  plaintext: gauge(
    'encryption_plaintext_values',
    'values that are no ciphertext, of the pages that this look has read; each look reads others',
    ['table', 'column'],
  ),
  sampled: gauge('encryption_sampled_values', 'values of encrypted columns that this look has read', ['table']),
} as const;

/** Not `job`: Prometheus gives every series a label of that name, and would rename ours. */
export const JOB = {
  failed: gauge('job_failed', '1 when the last run failed, was lost or stopped before all was done', ['job_name']),
  overdue: gauge('job_overdue', '1 when no run has begun since it was due', ['job_name']),
  lastSuccess: gauge(
    'job_last_success_timestamp_seconds',
    'when the newest run began that did all there was to do; absent before the first',
    ['job_name'],
  ),
} as const;

export const PARTITION = {
  runway: gauge('partition_runway_seconds', 'time until the first month without a partition, 0 when now has none', [
    'table',
  ]),
  months: gauge('partition_months', 'partitions that hold one month', ['table']),
  caught: gauge('partition_catch_all_rows', 'rows in catch-alls, as estimated by the planner', ['table']),
  pending: gauge('partition_pending_detaches', 'partitions whose detach has begun and not ended', ['table']),
  due: gauge('archive_backlog_partitions', 'months that are older than six months and still here', ['table']),
  dueBytes: gauge('archive_backlog_bytes', 'size of the months that are older than six months and still here', [
    'table',
  ]),
} as const;
