import type postgres from 'postgres';
import { expect, onTestFinished, test, type TestContext } from 'vitest';
import { connectToPgCron, startWithPgCron } from '../../support/pg-cron.ts';
import { run } from '../../support/io.ts';
import { migrateUp } from '../../support/schema.ts';
import { rowsOf } from './fixture.ts';

/** The migrated schema in a database with pg_cron, which its owner may use. */
async function prepare(context: TestContext) {
  const directory = await startWithPgCron(context);
  const admin = connectToPgCron(directory, 'postgres');
  const owner = connectToPgCron(directory, 'job_owner');
  onTestFinished(async () => {
    await owner.end();
    await admin.end();
  });
  await admin`create role job_owner login createrole`;
  await admin`alter database postgres owner to job_owner`;
  await admin`create extension pg_cron`;
  await migrateUp(owner); // registers nothing: it may not use pg_cron yet
  const jobs = async (words: string) =>
    run(['jobs', ...words.split(' '), '--format', 'json'], {
      env: { ORDERSYNC_DATABASE_URL: `host=${directory} user=job_owner dbname=postgres` },
    });
  return { admin, owner, jobs };
}

const registered = async (admin: postgres.Sql) =>
  admin`select jobname, schedule, command, username from cron.job order by jobname`;

test('jobs are registered with pg_cron, watched there, and taken out again', async (context) => {
  const { admin, owner, jobs } = await prepare(context);

  const refused = await jobs('install --as pg_cron');
  expect(refused).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('grant usage on schema cron to job_owner'),
  });
  expect((await jobs('status')).stdout).toContain('job_owner cannot see what pg_cron did');
  expect(rowsOf(await jobs('install'))[0]?.['content']).toContain('jobs run archive-audit-logs');
  await admin`grant usage on schema cron to job_owner`;

  expect(rowsOf(await jobs('install --dry-run')).every(({ state }) => state === 'to register')).toBe(true);
  expect(await registered(admin)).toEqual([]);
  const installed = await jobs('install');
  expect(installed).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('15 jobs registered with pg_cron, read back'),
  });
  expect(rowsOf(installed)).toContainEqual({
    job: 'reset-menu-sales',
    state: 'registered',
    schedule: '0 15 * * *',
    time_zone: 'GMT',
    statement: 'SELECT reset_daily_menu_sales()',
  });
  expect(await registered(admin)).toHaveLength(15);
  expect((await jobs('install')).code).toBe(0);
  expect(await registered(admin)).toHaveLength(15);

  // What its launcher writes; to let it run the jobs would take minutes.
  await admin`
    insert into cron.job_run_details (jobid, runid, job_pid, database, username, command, status, return_message, start_time, end_time)
    select jobid, row_number() over (order by jobname), 1, database, username, command,
      case jobname when 'cleanup-sessions' then 'failed' else 'succeeded' end, 'a message', now() - interval '1 minute', now()
    from cron.job where jobname <> 'cleanup-order-history'`;
  await owner`update scheduled_jobs set command = 'select 1' where name = 'cleanup-rate-limits'`;
  await admin`update cron.job set active = false where jobname = 'reset-menu-sales'`;
  await owner`update scheduled_jobs set added_at = now() - interval '2 days'`;
  const status = await jobs('status');
  expect(status.code).toBe(5);
  const rows = rowsOf(status);
  expect(rows.filter(({ in_pg_cron: there }) => there !== true)).toEqual([]);
  expect(rows.filter(({ state }) => state !== 'done')).toMatchObject([
    { job: 'cleanup-order-history', state: 'overdue', evidence: expect.stringContaining('never ran') },
    { job: 'cleanup-rate-limits', state: 'outdated', evidence: 'in pg_cron it runs another statement' },
    { job: 'cleanup-sessions', state: 'failed', by: 'pg_cron' },
    { job: 'reset-menu-sales', state: 'outdated', evidence: 'in pg_cron it is switched off' },
  ]);
  expect(status.stdout).not.toContain('a message');
  // What pg_cron has done is done for other schedulers too. Half a year from its time, so that none comes in between.
  const month = ((new Date().getUTCMonth() + 6) % 12) + 1;
  await owner`update scheduled_jobs set schedule = ${`0 0 1 ${month} *`} where name = 'create-audit-partition'`;
  expect(rowsOf(await jobs('run create-audit-partition --if-due'))).toMatchObject([{ outcome: 'not due' }]);
  expect(rowsOf(await jobs('run cleanup-order-history --if-due'))).toMatchObject([{ outcome: 'done' }]);
  expect(rowsOf(await jobs('install --dry-run')).filter(({ state }) => state === 'to change')).toMatchObject([
    { job: 'cleanup-rate-limits' },
    { job: 'reset-menu-sales' },
  ]);

  await admin`select cron.schedule('somebody-else', '* * * * *', 'select 1')`;
  expect(await jobs('uninstall')).toMatchObject({ code: 4 });
  expect(rowsOf(await jobs('uninstall --dry-run'))).toHaveLength(15);
  const removed = await jobs('uninstall --yes');
  expect(removed).toMatchObject({ code: 0, stderr: expect.stringContaining('15 jobs taken out of pg_cron') });
  expect(await registered(admin)).toMatchObject([{ jobname: 'somebody-else' }]);
  expect(await jobs('uninstall --yes')).toMatchObject({ code: 0, stderr: expect.stringContaining('none of the jobs') });
});
