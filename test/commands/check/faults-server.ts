import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import postgres from 'postgres';
import { addAuditLog, addUser } from '../../schema/rows.ts';
import { monthFromNow, nameIn } from '../partition/fixture.ts';
import { waitFor } from '../../support/wait.ts';
import type { Fault } from './fault.ts';
import { changingCatalogue, shiftView } from './shifted-view.ts';
import type { Site } from './site.ts';

const planting =
  (...statements: string[]): Fault['plant'] =>
  async ({ sql }) => {
    for (const statement of statements) await sql.unsafe(statement).simple();
  };

/** A session that has begun something and rests; ending it from outside is no error here. */
async function openSession({ server }: Site, ...statements: string[]) {
  const client = postgres(server.urlFor('shop'), {
    max: 1,
    onnotice: () => undefined,
    connection: { application_name: 'planted' },
  });
  const reserved = await client.reserve();
  for (const statement of statements) await reserved.unsafe(statement);
  return {
    run: (statement: string): Promise<unknown> =>
      reserved.unsafe(statement).then(
        () => 'done',
        () => 'ended',
      ),
    close: async () => client.end({ timeout: 1 }),
  };
}

async function shifted(
  site: Site,
  view: string,
  columns: Readonly<Record<string, string>>,
  statements: readonly string[],
) {
  const session = await openSession(site, ...statements);
  const restore = await shiftView(site.sql, view, columns);
  return async () => {
    await restore();
    await session.close();
  };
}

/** What answers like a monitoring service; `bodies` by path. */
async function service(answer: { body: string }): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((_request, response) => response.end(answer.body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function monitored(id: string, flag: string, words: { bad: string; good: string; names: string }): Fault {
  const answer = { body: words.good };
  let url = '';
  return {
    id,
    severity: 'warning',
    names: words.names,
    before: 'unknown',
    plant: async () => {
      const started = await service(answer);
      url = started.url;
      answer.body = words.bad;
      return started.close;
    },
    repair: async () => {
      answer.body = words.good;
    },
    options: () => (url === '' ? '' : `${flag} ${url}`),
  };
}

const RULES = (query: string): string =>
  JSON.stringify({ status: 'success', data: { groups: [{ rules: [{ name: 'Down', query, health: 'ok' }] }] } });

/** Faults of indexes, partitions, jobs, monitoring and what on-call looks at. */
export const SERVER_FAULTS: readonly Fault[] = [
  {
    id: 'perf.foreign-keys',
    severity: 'warning',
    names: 'notification_logs_template_id_fkey',
    before: 'warning', // the schema itself has two of them
    plant: async () => undefined,
  },
  {
    id: 'perf.indexes',
    severity: 'warning',
    names: 'menus lacks the index idx_menus_restaurant_category',
    plant: planting('drop index idx_menus_restaurant_category'),
  },
  {
    id: 'perf.invalid-indexes',
    severity: 'warning',
    names: 'idx_users_created_at is invalid',
    plant: async ({ sql }) =>
      changingCatalogue(
        sql,
        `update pg_index set indisvalid = false where indexrelid = 'idx_users_created_at'::regclass`,
      ),
  },
  {
    id: 'perf.duplicate-indexes',
    severity: 'warning',
    names: 'once_more on public.users repeats another index',
    plant: planting('create index once_more on users (created_at)'),
  },
  {
    id: 'perf.order-list-plan',
    severity: 'warning',
    names: /no index serves it|instead/,
    plant: planting('drop index idx_orders_restaurant_status, idx_orders_active'),
  },
  {
    id: 'perf.statements',
    severity: 'warning',
    names: 'not created in this database',
    plant: planting('drop extension pg_stat_statements'),
  },
  {
    id: 'perf.cache',
    severity: 'warning',
    names: '50.0 % of 20000 blocks',
    plant: async ({ sql }) =>
      shiftView(sql, 'pg_stat_database', { blks_hit: '10000::bigint', blks_read: '10000::bigint' }),
    repair: async ({ sql }) =>
      shiftView(sql, 'pg_stat_database', { blks_hit: 'original.blks_hit + 1980000', blks_read: 'original.blks_read' }),
  },
  {
    id: 'perf.partition-runway',
    severity: 'warning',
    names: 'orders: ',
    plant: async ({ sql }) => {
      for (const count of [2, 3]) await dropMonth(sql, 'orders', monthFromNow(count));
    },
    words: '--yes --lock-timeout 5s',
  },
  {
    id: 'perf.partition-holes',
    severity: 'critical',
    names: 'every INSERT fails',
    plant: async ({ sql }) => dropMonth(sql, 'notification_logs', monthFromNow(1)),
    words: '--yes --lock-timeout 5s',
  },
  {
    id: 'perf.partition-catch-alls',
    severity: 'warning',
    names: `audit_logs_underflow: 1 rows of ${monthFromNow(-4)}`,
    plant: async ({ sql }) => {
      await addAuditLog(sql, { created_at: `${monthFromNow(-4)}-10T00:00:00Z` });
    },
    words: '--yes --lock-timeout 5s',
  },
  {
    id: 'perf.partition-bounds',
    severity: 'warning',
    names: 'should be called',
    plant: async ({ sql }) => {
      await sql`alter table ${sql(nameIn('payments', monthFromNow(2)))} rename to payments_2099_01`;
    },
    words: '--yes --lock-timeout 5s',
  },
  {
    id: 'perf.partition-detach',
    severity: 'critical',
    names: 'its detach is unfinished',
    plant: async (site) => {
      const name = nameIn('notification_logs', monthFromNow(3));
      const reader = await openSession(
        site,
        'begin isolation level repeatable read',
        'select from notification_logs limit 1',
      );
      const detaching = postgres(site.server.urlFor('shop'), { max: 1, connection: { statement_timeout: 500 } });
      await detaching
        .unsafe(`alter table notification_logs detach partition ${name} concurrently`)
        .catch(() => undefined);
      await detaching.end();
      await reader.close();
      return async () => {
        await site.sql`drop table if exists ${site.sql(name)}`;
        await site.ordersync('partition ensure --lock-timeout 5s');
      };
    },
    words: '--yes --lock-timeout 5s',
  },
  {
    id: 'perf.partition-drift',
    severity: 'critical',
    names: 'row security is off',
    plant: async ({ sql }) => {
      await sql`alter table ${sql(nameIn('orders', monthFromNow(1)))} disable row level security`;
    },
    words: '--yes --lock-timeout 5s',
  },
  {
    id: 'data.expired-sessions',
    severity: 'warning',
    names: '1 sessions are overdue',
    plant: planting(
      `update user_sessions set expires_at = now() - interval '10 days', refresh_expires_at = now() - interval '10 days'
        where id = (select id from user_sessions order by id limit 1)`,
    ),
  },
  {
    id: 'data.login-attempts',
    severity: 'warning',
    names: '1 attempts are overdue',
    plant: planting(
      `update login_attempts set created_at = now() - interval '40 days' where id = (select id from login_attempts order by id limit 1)`,
    ),
  },
  {
    id: 'data.rate-limits',
    severity: 'warning',
    names: '1 windows are overdue',
    plant: planting(
      `insert into api_rate_limits (identifier, identifier_type, window_start, window_end)
       values ('global', 'GLOBAL', now() - interval '5 days', now() - interval '4 days')`,
    ),
  },
  {
    id: 'data.anonymous-orders',
    severity: 'warning',
    names: '1 orders are overdue',
    plant: planting(
      `insert into orders (restaurant_id, items_encrypted, items_key_id, subtotal, total_amount, anonymous_token, anonymous_expires_at)
       select restaurant_id, items_encrypted, items_key_id, 100, 100, repeat('a', 64), now() - interval '3 hours'
         from orders order by id limit 1`,
    ),
  },
  {
    id: 'data.audit-backlog',
    severity: 'warning',
    names: 'audit_logs begins at',
    plant: async ({ sql }) => {
      await addAuditLog(sql, { created_at: `${monthFromNow(-9)}-10T00:00:00Z` });
    },
  },
  {
    id: 'data.jobs',
    severity: 'critical',
    names: 'reset-menu-sales is not registered with pg_cron',
    before: 'unknown',
    // What pg_cron has of these, so far as it is used: the extension itself is not among the embedded server's.
    plant: async ({ sql }) => {
      await sql
        .unsafe(
          `create schema cron;
           create table cron.job (jobid bigserial, schedule text, command text, database text default current_database(),
             username text default current_user, active boolean default true, jobname text unique);
           create table cron.job_run_details (jobid bigint, runid bigint, status text);
           create function cron.schedule(text, text, text) returns bigint language sql as $$
             insert into cron.job (jobname, schedule, command) values ($1, $2, $3)
             on conflict (jobname) do update set schedule = $2 returning jobid $$`,
        )
        .simple();
      return async () => sql`drop schema cron cascade`;
    },
  },
  {
    id: 'data.backup',
    severity: 'critical',
    names: 'archiving fails',
    plant: async (site) => archiving(site, '/bin/false', 'failed_count > 0'),
    repair: async (site) => archiving(site, '/bin/true', 'last_archived_time > last_failed_time'),
  },
  monitored('mon.exporter', '--exporter-url', {
    bad: 'ordersync_up 0\n',
    good: '# TYPE ordersync_up gauge\nordersync_up 1\n',
    names: 'no ordersync_up 1',
  }),
  monitored('mon.alerts', '--prometheus-url', {
    bad: RULES('up == 0'),
    good: RULES('ordersync_up == 0'),
    names: 'no rule is about',
  }),
  monitored('mon.dashboard', '--grafana-url', { bad: '[]', good: '[{"uid":"ordersync"}]', names: 'no dashboard' }),
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
    before: 'unknown',
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
];

async function dropMonth(sql: postgres.Sql, table: string, month: string): Promise<void> {
  await sql`alter table ${sql(table)} detach partition ${sql(nameIn(table, month))}`;
  await sql`drop table ${sql(nameIn(table, month))}`;
}

async function archiving({ sql }: Site, command: string, condition: string): Promise<void> {
  await sql.unsafe(`alter system set archive_command = '${command}'`);
  await sql`select pg_reload_conf()`;
  await sql`select pg_switch_wal()`;
  await waitFor(
    async () => (await sql.unsafe(`select from pg_stat_archiver where ${condition}`)).length > 0,
    condition,
  );
}
