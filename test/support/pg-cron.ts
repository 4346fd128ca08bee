import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { onTestFinished, type TestContext } from 'vitest';
import { serverAccount } from '../../src/embedded/account.ts';
import { LEFT_OUT } from './outside.ts';
import { waitFor } from './wait.ts';

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

/**
 * A server with pg_cron, on a socket only, in its own directory, which is returned; stopped when the test ends. The test is
 * left out where pg_cron is not installed.
 */
export async function startWithPgCron(context: TestContext): Promise<string> {
  requirePgCron(context);
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
    const sql = connectToPgCron(directory, 'postgres');
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

/** One connection to its database `postgres`. */
export function connectToPgCron(directory: string, user: string): postgres.Sql {
  return postgres({ host: directory, port: 5432, user, database: 'postgres', max: 1, onnotice: () => undefined });
}
