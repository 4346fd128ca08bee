// `ordersync key rotate` as it is installed, and what it left behind.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ordersync, withDatabase } from './site.js';

/**
 * Rotates the pii keys of a database. @returns seconds from the moment the new key was active until the last chunk was done
 * (`rows`), of the whole command with preflight, sweep and proof (`whole`), and the peak memory of its process
 */
export function runRotation(site, database, words = []) {
  const { peakFile, env } = peakHook(site);
  const started = performance.now();
  const argv = ['key', 'rotate', '--type', 'pii', '--full-speed', '--grace', '0s', '--if-older-than', '0s', ...words];
  ordersync(site, database, argv, env);
  const whole = (performance.now() - started) / 1000;
  return { whole, peakMb: readPeak(peakFile) };
}

/** The environment in which a program leaves its own status behind when it ends. */
export function peakHook({ work }) {
  const peakFile = join(work, 'peak');
  // VmHWM counts this program's memory alone: getrusage would begin with what the bench had when it forked.
  const hook = `import fs from 'node:fs';process.on('exit',()=>fs.writeFileSync(${JSON.stringify(peakFile)},fs.readFileSync('/proc/self/status')))`;
  return { peakFile, env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` } };
}

/** Megabytes. */
export function readPeak(peakFile) {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(peakFile, 'utf8'))[1]) / 1024;
}

export async function rowSeconds(site, database) {
  return withDatabase(site, database, async (sql) => {
    const [{ seconds }] = await sql`
      select extract(epoch from (select max(done_at) from key_rotation_chunks c where c.run_id = r.id) - r.started_at)::float8
        as seconds
      from key_rotation_runs r
      order by started_at desc
      limit 1`;
    return seconds;
  });
}

/** What the server counts of a side: WAL position, size of the heap, updates. Statistics arrive a moment after a session's end. */
export async function readFigures(site, database, { leaf, updates = 0 }) {
  return withDatabase(site, database, async (sql) => {
    for (;;) {
      const [row] = await sql`
        select (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8 as wal, pg_relation_size(${leaf}::regclass)::float8 as heap,
          n_tup_upd::float8 as updates, n_tup_hot_upd::float8 as hot
        from pg_stat_user_tables
        where relid = ${leaf}::regclass`;
      if (row.updates >= updates) return row;
      await sleep(100);
    }
  });
}

/** HOT share of the updates, growth of the heap and bytes of WAL between two readings. */
export function figuresBetween(before, after) {
  return {
    hot: (after.hot - before.hot) / (after.updates - before.updates),
    growth: after.heap / before.heap - 1,
    wal: after.wal - before.wal,
  };
}
