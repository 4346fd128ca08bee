import type postgres from 'postgres';
import { waitFor } from '../../support/wait.ts';
import type { Fault } from './fault.ts';
import { runAll } from './planting.ts';
import { shiftView } from './shifted-view.ts';

const MB = 1024 * 1024;
const SEGMENT = 16 * MB;

/** Faults of what fills a disk. */
export const SPACE_FAULTS: readonly Fault[] = [
  {
    id: 'ops.bloat',
    severity: 'warning',
    names: /public\.swollen: 90 % of 1\d\d MB/,
    plant: async (site) => {
      await runAll(
        site,
        'create table swollen (number integer, filler text)',
        'alter table swollen alter column filler set storage plain',
        // One row fills a page.
        `insert into swollen select number, repeat('x', 7900) from generate_series(1, 13500) number`,
        'delete from swollen where number % 10 <> 0',
        'vacuum analyze swollen',
      );
      return async () => runAll(site, 'drop table swollen');
    },
  },
  {
    id: 'ops.temp-files',
    severity: 'warning',
    names: /shop: 50 GB in \d+ files in \d hours/,
    plant: async ({ sql }) =>
      shiftView(sql, 'pg_stat_database', {
        temp_bytes: `case when original.datname = 'shop' then 50 * 1024 ^ 3 else 0 end::bigint`,
        stats_reset: `now() - interval '2 hours'`,
      }),
    repair: async ({ sql }) => shiftView(sql, 'pg_stat_database', { temp_bytes: '0::bigint' }),
  },
  {
    id: 'ops.wal-size',
    severity: 'warning',
    names: /files with \d+ MB; max_wal_size is \d+MB; the slot sleeper keeps them/,
    plant: async (site) => {
      const { sql } = site;
      const meant = Math.ceil((await walBytes(sql)) / SEGMENT) * 16;
      await runAll(
        site,
        `alter system set max_wal_size = '${meant}MB'`,
        `alter system set min_wal_size = '32MB'`,
        'select pg_reload_conf()',
        `select pg_create_physical_replication_slot('sleeper', true)`,
      );
      while ((await walBytes(sql)) < (2 * meant + 32) * MB) {
        await sql`select pg_logical_emit_message(true, 'planted', ''), pg_switch_wal()`;
      }
      // A segment that is not archived yet stays whatever the slot says.
      await waitFor(
        async () => (await sql`select from pg_ls_archive_statusdir() where name like '%.ready'`).length === 0,
        'every segment to be archived',
      );
      return async () =>
        runAll(site, 'alter system reset max_wal_size', 'alter system reset min_wal_size', 'select pg_reload_conf()');
    },
  },
];

async function walBytes(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<{ bytes: number }[]>`select sum(size)::float8 as bytes from pg_ls_waldir()`;
  return row?.bytes ?? 0;
}
