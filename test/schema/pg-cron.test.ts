import { expect, onTestFinished, test } from 'vitest';
import { connectToPgCron, startWithPgCron } from '../support/pg-cron.ts';
import { migrateDown, migrateUp } from '../support/schema.ts';

test('with pg_cron the migrations register the jobs as the owner’s, and the way back takes them out', async (context) => {
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
  await admin`grant usage on schema cron to job_owner`;

  await migrateUp(owner);
  const jobs = await admin`
    select job.jobname, job.schedule, job.command, job.username
    from cron.job
    join scheduled_jobs on name = jobname and scheduled_jobs.command = job.command and utc_schedule = job.schedule
    where username = 'job_owner'`;
  expect(jobs).toHaveLength(15);
  await migrateDown(owner);
  expect(await admin`select from cron.job`).toHaveLength(0);
});
