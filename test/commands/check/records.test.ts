import { expect, test } from 'vitest';
import type { Ran } from '../../support/io.ts';
import { waitFor } from '../../support/wait.ts';
import { useSeeded } from './fixture.ts';

const commands = useSeeded();
/** Jobs run as who owns them. */
const byOwner = async (words: string): Promise<Ran> =>
  commands.ordersync(words, { url: commands.database.current.urlFor({ user: 'schema_owner', password: 'schema' }) });

test('the record of jobs that another scheduler runs is read where there is one', async () => {
  const { sql } = commands.database.current;
  const look = async () => {
    const { severity, evidence, fix } = await commands.row('data.jobs');
    return { severity, evidence, fix };
  };
  await sql`create table if not exists job_runs (
    id bigint generated always as identity, job_name text, started_at timestamptz, finished_at timestamptz, outcome text)`;
  expect(await look()).toMatchObject({
    severity: 'unknown',
    fix: expect.arrayContaining(['ordersync jobs run cleanup-sessions']),
  });
  await sql`
    insert into job_runs (job_name, started_at, finished_at, outcome)
    select name, now() - interval '1 minute', now(), 'DONE' from scheduled_jobs`;
  expect((await look()).severity).toBe('ok');
  await sql`
    insert into job_runs (job_name, started_at, finished_at, outcome) values ('cleanup-sessions', now(), now(), 'FAILED')`;
  // That it failed is another check's.
  expect((await look()).severity).toBe('ok');
  expect(await commands.row('ops.failed-jobs')).toMatchObject({
    severity: 'warning',
    evidence: ['cleanup-sessions: its last run failed'],
    fix: ['ordersync jobs run cleanup-sessions'],
  });
  await sql`delete from job_runs where outcome = 'FAILED'`;
  await sql`update job_runs set finished_at = now() - interval '3 days' where job_name in ('cleanup-sessions', 'archive-audit-logs')`;
  expect(await look()).toMatchObject({
    severity: 'critical',
    evidence: [expect.stringContaining('cleanup-sessions ran last at')],
  });
  await sql`delete from job_runs`;
});

test('a failed run of pg_cron is told, and a run by hand clears it; what pg_cron never called is overdue', async () => {
  const { sql } = commands.database.current;
  await sql
    .unsafe(
      `create schema cron;
       create table cron.job (jobid bigint, schedule text, command text, database text default current_database(),
         username text default current_user, active boolean default true, jobname text);
       create table cron.job_run_details (jobid bigint, runid bigint, status text, start_time timestamptz, end_time timestamptz);
       insert into cron.job (jobid, schedule, command, jobname)
       select row_number() over (order by name), utc_schedule, command, name from scheduled_jobs;
       insert into cron.job_run_details
       select jobid, jobid, case jobname when 'cleanup-rate-limits' then 'failed' else 'succeeded' end,
              now() - interval '1 minute', now() - interval '1 minute'
         from cron.job`,
    )
    .simple();
  const failed = await commands.row('ops.failed-jobs');
  expect(failed).toMatchObject({
    severity: 'warning',
    evidence: ['cleanup-rate-limits: its last run by pg_cron failed'],
    fix: ['ordersync jobs run cleanup-rate-limits'],
  });
  expect(await byOwner('jobs run cleanup-rate-limits --lock-timeout 5s')).toMatchObject({ code: 0 });
  expect((await commands.row('ops.failed-jobs')).severity).toBe('ok');
  await sql`delete from cron.job_run_details where jobid = (select jobid from cron.job where jobname = 'refresh-payment-state')`;
  await sql`update scheduled_jobs set added_at = now() - interval '1 year'`;
  const overdue = await commands.row('ops.failed-jobs');
  await sql
    .unsafe(`drop schema cron cascade; delete from job_runs; update scheduled_jobs set added_at = now()`)
    .simple();
  expect(overdue.evidence).toEqual([expect.stringMatching(/^refresh-payment-state: was to run at .* and never ran$/)]);
});

test('payment_current_state: what a recorded refresh, the events and an empty view say', async () => {
  const { sql } = commands.database.current;
  const look = async () => {
    const { severity, evidence, fix } = await commands.row('data.payment-state');
    return { severity, evidence: evidence.join(), fix };
  };
  expect(await look()).toMatchObject({
    severity: 'ok',
    evidence: expect.stringContaining('nobody recorded a refresh'),
  });
  await sql`
    insert into payment_events (payment_id, event_type, amount, created_at)
    select id, 'REFUNDED', 1, now() - interval '10 minutes' from payments order by id limit 1`;
  expect((await look()).severity).toBe('ok'); // the job has its time
  await sql`update payment_events set created_at = now() - interval '2 days' where amount = 1`;
  expect(await look()).toEqual({
    severity: 'critical',
    evidence: expect.stringMatching(/^1 payments are not as their events say, the first since /),
    fix: ['ordersync jobs run refresh-payment-state'],
  });
  expect(await byOwner('jobs run refresh-payment-state --lock-timeout 5s')).toMatchObject({ code: 0 });
  expect(await look()).toMatchObject({ severity: 'ok', evidence: expect.stringContaining('refreshed at') });
  await sql`refresh materialized view payment_current_state with no data`;
  const { severity, fix } = await look();
  expect(severity).toBe('critical');
  await sql.unsafe(fix[0]!);
  expect((await look()).severity).toBe('ok');
  await sql`delete from job_runs`;
});

test('looking does not count as a rollback of the application', async () => {
  const { sql } = commands.database.current;
  const count = async (): Promise<{ done: number; undone: number }> => {
    const [row] = await sql<{ done: number; undone: number }[]>`
      select xact_commit::float8 as done, xact_rollback::float8 as undone
        from pg_stat_database where datname = current_database()`;
    return row!;
  };
  const before = await count();
  const { length } = await commands.rows('--only ops.* --only perf.* --only data.* --only sec.rls-*');
  await waitFor(async () => (await count()).done > before.done + length, 'the transactions to be counted');
  expect((await count()).undone).toBe(before.undone);
});

test('acting as the application leaves nothing behind, not even what a function in a policy does', async () => {
  const { sql } = commands.database.current;
  const heard: string[] = [];
  const listening = await sql.listen('seen_by_policy', (payload) => heard.push(payload));
  await sql.unsafe(`
    create function loud() returns boolean language plpgsql as
      $$ begin perform pg_notify('seen_by_policy', current_user); return true; end $$;
    create policy loud on orders for select to application_role using (loud())`);
  const [row] = await commands.rows('--only sec.rls-behaviour');
  expect(row?.severity).toBe('critical');
  await sql`notify seen_by_policy, 'last'`;
  await waitFor(() => heard.length > 0, 'a notification');
  expect(heard).toEqual(['last']);
  await sql`drop policy loud on orders`;
  await sql`drop function loud`;
  await listening.unlisten();
});
