import { addUser } from '../../schema/rows.ts';
import { waitFor } from '../../support/wait.ts';
import type { Fault } from './fault.ts';
import { openSession, planting, shifted } from './planting.ts';
import { changingCatalogue, shiftView } from './shifted-view.ts';

/** Faults that on-call looks for first. */
export const ONCALL_FAULTS: readonly Fault[] = [
  {
    id: 'ops.blocking',
    severity: 'warning',
    names: /waits for process \d+ for \d+ s/,
    plant: async (site) => {
      const holder = await openSession(site, 'begin', 'lock table menus in access exclusive mode');
      const waiter = await openSession(site);
      const waited = waiter.run('select from menus limit 1');
      const { sql } = site;
      await waitFor(async () => (await sql`select from pg_locks where not granted`).length > 0, 'a session waits');
      const restore = await shiftView(sql, 'pg_locks', { waitstart: `original.waitstart - interval '30 seconds'` });
      return async () => {
        await restore();
        await waited;
        await Promise.all([holder.close(), waiter.close()]);
      };
    },
  },
  {
    id: 'ops.long-transactions',
    severity: 'critical',
    names: /\(planted\) is in a transaction for 72\d\d s/,
    plant: async (site) =>
      shifted(site, 'pg_stat_activity', { xact_start: `original.xact_start - interval '2 hours'` }, [
        'begin',
        'select 1',
      ]),
  },
  {
    id: 'ops.idle-in-transaction',
    severity: 'critical',
    names: /\(planted\) is idle in transaction for 7\d\d s/,
    plant: async (site) =>
      shifted(site, 'pg_stat_activity', { state_change: `original.state_change - interval '12 minutes'` }, [
        'begin',
        'select 1',
      ]),
  },
  {
    id: 'ops.prepared-transactions',
    severity: 'critical',
    names: 'forgotten of postgres',
    plant: async ({ sql }) => {
      await sql.unsafe(`begin; create table never (); prepare transaction 'forgotten'`).simple();
      return shiftView(sql, 'pg_prepared_xacts', { prepared: `original.prepared - interval '2 hours'` });
    },
  },
  {
    id: 'ops.connections',
    severity: 'warning',
    names: /2\d of 27 are taken/,
    plant: async (site) => {
      const sessions = await Promise.all(Array.from({ length: 21 }, async () => openSession(site)));
      const restore = await shiftView(site.sql, 'pg_stat_activity', {
        state_change: `original.state_change - interval '20 minutes'`,
      });
      return async () => {
        await restore();
        await Promise.all(sessions.map(async (session) => session.close()));
      };
    },
  },
  {
    id: 'ops.wraparound',
    severity: 'warning',
    names: 'ancient: 600 million transactions',
    plant: async ({ sql }) => {
      await sql.unsafe('create database ancient');
      await changingCatalogue(
        sql,
        `update pg_database
            set datfrozenxid = ((pg_current_xact_id()::text::bigint + 4294967296 - 600500000) % 4294967296)::text::xid
          where datname = 'ancient'`,
      );
      return async () => sql.unsafe('drop database ancient with (force)');
    },
  },
  {
    id: 'ops.sequences',
    severity: 'critical',
    names: 'public.nearly_full_number_seq has used 95 % of public.nearly_full.number',
    plant: async ({ sql }) => {
      await sql
        .unsafe(`create table nearly_full (number serial); select setval('nearly_full_number_seq', 2050000000)`)
        .simple();
      return async () => sql`drop table nearly_full`;
    },
  },
  {
    id: 'ops.autovacuum',
    severity: 'warning',
    names: 'autovacuum is switched off for public.menus',
    plant: planting('alter table menus set (autovacuum_enabled = false)'),
  },
  {
    id: 'ops.replication-slots',
    severity: 'warning',
    names: 'slot forgotten: nobody reads it',
    plant: planting(`select pg_create_physical_replication_slot('forgotten', true)`),
  },
  {
    id: 'ops.checksums',
    severity: 'critical',
    names: '3 failures',
    // Version 18 is the first whose initdb switches them on.
    before: ({ server }) => (server.version >= 18 ? 'ok' : 'unknown'),
    plant: async ({ sql }) =>
      shiftView(sql, 'pg_stat_database', { checksum_failures: `case when datname = 'shop' then 3::bigint else 0 end` }),
    repair: async ({ sql }) => shiftView(sql, 'pg_stat_database', { checksum_failures: '0::bigint' }),
  },
  {
    id: 'ops.invalid-constraints',
    severity: 'warning',
    names: 'ck_menus_free of public.menus is not valid',
    plant: planting('alter table menus add constraint ck_menus_free check (price >= 0) not valid'),
  },
  {
    id: 'ops.disabled-triggers',
    severity: 'critical',
    names: 'trigger_audit_payments of public.payments is disabled',
    plant: planting('alter table payments disable trigger trigger_audit_payments'),
  },
  {
    id: 'ops.extension-versions',
    severity: 'warning',
    names: 'pg_stat_statements is 1.9',
    plant: planting('drop extension pg_stat_statements', `create extension pg_stat_statements version '1.9'`),
  },
  {
    id: 'ops.deadlocks',
    severity: 'warning',
    names: '1 deadlocks',
    plant: async (site) => {
      const { sql } = site;
      const users = await Promise.all([addUser(sql), addUser(sql)]);
      await sql`select pg_stat_reset()`;
      const sessions = await Promise.all([openSession(site, 'begin'), openSession(site, 'begin')]);
      const lock = async (session: number, user: number) =>
        sessions[session]?.run(`select from users where id = '${users[user]}' for update`);
      await Promise.all([lock(0, 0), lock(1, 1)]);
      await Promise.all([lock(0, 1), lock(1, 0)]);
      await Promise.all(sessions.map(async (session) => session.close()));
      await waitFor(
        async () => (await sql`select from pg_stat_database where datname = 'shop' and deadlocks > 0`).length > 0,
        'the deadlock to be counted',
      );
      return async () => sql`delete from users where id = any (${users})`;
    },
    repair: async ({ sql }) => sql`select pg_stat_reset()`,
  },
  {
    id: 'ops.checkpoints',
    severity: 'warning',
    names: 'checkpoints were requested',
    before: 'unknown',
    after: 'unknown', // counted anew, and too few to judge
    plant: async ({ sql }) => {
      for (let count = 0; count < 21; count += 1) await sql`checkpoint`;
    },
  },
  {
    id: 'ops.failed-jobs',
    severity: 'warning',
    names: 'cleanup-rate-limits: its last run failed with SQLSTATE 42501',
    plant: planting(
      `insert into job_runs (job_name, finished_at, outcome, sqlstate) values ('cleanup-rate-limits', now(), 'FAILED', '42501')`,
    ),
    words: '--lock-timeout 5s',
  },
  {
    id: 'ops.rollbacks',
    severity: 'warning',
    names: '30.0 % of 1000 transactions',
    prepare: async ({ sql }) => sql`select pg_stat_reset()`,
    before: 'unknown', // counted anew, and too few to judge
    plant: async ({ sql }) =>
      shiftView(sql, 'pg_stat_database', { xact_commit: '700::bigint', xact_rollback: '300::bigint' }),
    repair: async ({ sql }) =>
      shiftView(sql, 'pg_stat_database', { xact_commit: '10000::bigint', xact_rollback: '300::bigint' }),
  },
];
