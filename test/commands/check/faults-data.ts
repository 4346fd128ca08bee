import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { addAuditLog } from '../../schema/rows.ts';
import { monthFromNow } from '../partition/fixture.ts';
import { waitFor } from '../../support/wait.ts';
import type { Fault } from './fault.ts';
import { planting } from './planting.ts';
import type { Site } from './site.ts';

const RULES = (query: string): string =>
  JSON.stringify({ status: 'success', data: { groups: [{ rules: [{ name: 'Down', query, health: 'ok' }] }] } });

/** Faults of what should be deleted, archived, scheduled and watched. */
export const DATA_FAULTS: readonly Fault[] = [
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
    id: 'data.payment-state',
    severity: 'warning',
    names: /1 payments are not as their events say/,
    plant: planting(
      `delete from job_runs where job_name = 'refresh-payment-state'`,
      `insert into payment_events (payment_id, event_type, amount, created_at)
       select id, 'CAPTURED', 1, now() - interval '2 hours' from payments order by id limit 1`,
    ),
    words: '--lock-timeout 5s',
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
  monitored('mon.dashboard', '--grafana-url', {
    bad: '[]',
    good: '[{"uid":"ordersync"}]',
    names: 'no dashboard',
  }),
];

async function archiving({ sql }: Site, command: string, condition: string): Promise<void> {
  await sql.unsafe(`alter system set archive_command = '${command}'`);
  await sql`select pg_reload_conf()`;
  await sql`select pg_switch_wal()`;
  await waitFor(
    async () => (await sql.unsafe(`select from pg_stat_archiver where ${condition}`)).length > 0,
    condition,
  );
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
