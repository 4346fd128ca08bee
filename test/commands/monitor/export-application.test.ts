import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram, useBuild } from '../../support/program.ts';
import type { TestRole } from '../../support/roles.ts';
import { createRole } from '../../support/roles.ts';
import { useSchema } from '../../support/schema.ts';
import { assertNoServerErrors, markServerLog } from '../../support/server-log.ts';

useBuild();

/** A collector that runs out of its time has nothing to tell, and a busy machine is slow. */
const PATIENCE = ['--timeout', '10min', '--deadline', '1h'];
const ADDRESS = '203.0.113.77';

describe('the figures of encrypted columns and jobs', () => {
  const database = useSchema();
  const roles: TestRole[] = [];
  beforeAll(async () => {
    const { sql } = database.current;
    await sql`update scheduled_jobs set added_at = now() - interval '70 days'`;
    await sql.unsafe(`
      insert into job_runs (job_name, started_at, finished_at, outcome) values
        ('cleanup-sessions', now() - interval '2 hours', now() - interval '1 hour', 'DONE'),
        ('cleanup-sessions', now() - interval '1 minute', now(), 'FAILED'),
        ('create-audit-partition', now() - interval '40 days', now() - interval '40 days', 'DONE')`);
    roles.push(await createRole());
  });
  afterAll(async () => {
    for (const role of roles) await role.drop();
  });

  const plaintext = 'ordersync_encryption_plaintext_values{table="login_attempts",column="ip_address_encrypted"}';

  it('no plaintext is 0, of every encrypted column, and an address that there was none of is no plaintext', async () => {
    const { sql, url } = database.current;
    await sql`insert into login_attempts (email_hash, ip_address_encrypted, ip_key_id, success)
      select repeat('a', 64), 'none', 'none', false from generate_series(1, 30)`;
    const { code, stderr, value, stdout } = await figures(url, 'metrics/encryption');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(value(plaintext)).toBe('0');
    expect(value('ordersync_encryption_sampled_values{table="login_attempts"}')).toBe('30');
    expect(stdout.match(/^ordersync_encryption_plaintext_values\{/gm)?.length).toBeGreaterThan(30);
  });

  it('plaintext is counted, and not told', async () => {
    const { sql, url } = database.current;
    await sql`insert into login_attempts (email_hash, ip_address_encrypted, ip_key_id, success)
      select repeat('a', 64), ${ADDRESS}, 'pii-v1', false from generate_series(1, 3)`;
    const { value, stdout, stderr } = await figures(url, 'metrics/encryption');
    expect(value(plaintext)).toBe('3');
    expect(stdout + stderr).not.toContain(ADDRESS);
  });

  it('tells of each job whether it failed, is overdue, and when it succeeded', async () => {
    const { value, code, stderr } = await figures(database.current.url, 'metrics/jobs');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(value('ordersync_job_failed{job_name="cleanup-sessions"}')).toBe('1');
    expect(value('ordersync_job_overdue{job_name="cleanup-sessions"}')).toBe('0');
    const [done] = await database.current.sql<{ at: number }[]>`
      select extract(epoch from started_at)::float8 as at from job_runs
       where job_name = 'cleanup-sessions' and outcome = 'DONE'`;
    expect(Number(value('ordersync_job_last_success_timestamp_seconds{job_name="cleanup-sessions"}'))).toBeCloseTo(
      done!.at,
      0,
    );
    expect(value('ordersync_job_failed{job_name="create-audit-partition"}')).toBe('0');
    expect(value('ordersync_job_overdue{job_name="create-audit-partition"}')).toBe('1');
    expect(value('ordersync_job_last_success_timestamp_seconds{job_name="reset-menu-sales"}')).toBeUndefined();
  });

  it('a role that may not look says so, and raises no error on the server', async () => {
    const mark = await markServerLog();
    for (const collector of ['metrics/encryption', 'metrics/jobs']) {
      const { stdout, stderr, value } = await figures(database.current.urlFor(roles[0]!), collector);
      expect(value(`ordersync_collector_success{collector="${collector}"}`)).toBe('0');
      expect(stdout).not.toMatch(/^ordersync_(?:encryption|job)_/m);
      expect(stderr).toMatch(new RegExp(`${collector}: .*; grant`));
    }
    await assertNoServerErrors(mark, database.current.name);
  });
});

async function figures(url: string, collector: string) {
  const { code, stdout, stderr } = await runProgram(['monitor', 'export', '--collect', collector, ...PATIENCE], {
    env: { ORDERSYNC_DATABASE_URL: url },
  });
  const value = (series: string) =>
    stdout
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1);
  return { code, stdout, stderr, value };
}
