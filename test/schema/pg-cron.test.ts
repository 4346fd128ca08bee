import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { expect, onTestFinished, test, type TestContext } from 'vitest';
import { serverAccount } from '../../src/embedded/account.ts';
import { LEFT_OUT } from '../support/outside.ts';
import { migrateDown, migrateUp } from '../support/schema.ts';
import { waitFor } from '../support/wait.ts';

/** Debian's PostgreSQL 15, because the binaries of the other tests come without pg_cron. */
const DEBIAN = '/usr/lib/postgresql/15';

function requirePgCron(context: TestContext): void {
  try {
    accessSync(join(DEBIAN, 'lib/pg_cron.so'));
  } catch (cause) {
    if (process.env['ORDERSYNC_TEST_REQUIRE_ALL'] === '1') throw new Error('pg_cron is not installed', { cause });
    context.skip(`${LEFT_OUT} Debian's postgresql-15-cron is not installed`);
  }
}

/** A server with pg_cron, on a socket only, in its own directory. */
async function startWithPgCron(): Promise<string> {
  const { identity } = serverAccount();
  const directory = mkdtempSync('/tmp/ordersync-cron-');
  if (identity.uid !== undefined) chownSync(directory, identity.uid, identity.gid ?? identity.uid);
  const options = { ...identity, cwd: directory, stdio: 'ignore' as const };
  spawnSync(
    join(DEBIAN, 'bin/initdb'),
    ['-D', 'data', '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    options,
  );
  const settings = {
    listen_addresses: '',
    unix_socket_directories: directory,
    shared_preload_libraries: 'pg_cron',
    'cron.database_name': 'postgres',
    // Its launcher would connect by TCP to run jobs; this test registers them only.
    'cron.launch_active_jobs': 'off',
    fsync: 'off',
  };
  const server: ChildProcess = spawn(
    join(DEBIAN, 'bin/postgres'),
    ['-D', 'data', ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    options,
  );
  onTestFinished(async () => {
    if (server.exitCode === null && server.kill('SIGINT')) await once(server, 'exit');
    rmSync(directory, { recursive: true, force: true });
  });
  await waitFor(async () => {
    const sql = connect(directory, 'postgres');
    try {
      await sql`select`;
      return true;
    } catch {
      // It is starting: the wait ends with an error when it never is there.
      return false;
    } finally {
      await sql.end();
    }
  }, 'a server with pg_cron');
  return directory;
}

function connect(directory: string, user: string): postgres.Sql {
  return postgres({ host: directory, port: 5432, user, database: 'postgres', max: 1, onnotice: () => undefined });
}

test('with pg_cron the migrations register the jobs as the owner’s, and the way back takes them out', async (context) => {
  requirePgCron(context);
  const directory = await startWithPgCron();
  const admin = connect(directory, 'postgres');
  const owner = connect(directory, 'job_owner');
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
