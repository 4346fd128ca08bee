import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { useJobCommands } from './fixture.ts';

const commands = useJobCommands();
const owner = () => commands.database.current.as('owner');
const as = (user: string) => ({
  env: { ORDERSYNC_DATABASE_URL: commands.database.current.urlFor({ user, password: 'schema' }) },
});

const recorded = async () => owner()`select job_name, outcome, sqlstate from job_runs order by id`;

async function addJob(name: string, command: string): Promise<void> {
  await owner()`
    insert into scheduled_jobs (name, schedule, utc_schedule, command, description)
    values (${name}, '0 0 * * *', '0 15 * * *', ${command}, 'x')`;
  onTestFinished(async () => {
    await owner()`delete from scheduled_jobs where name = ${name}`;
  });
}

describe('jobs run is refused', () => {
  beforeEach(async () => {
    await owner()`delete from job_runs`;
  });

  test('for a job that does not exist, with the nearest name', async () => {
    const { code, stderr } = await commands.jobs('run clean-sessions');
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean cleanup-sessions?'),
    });
  });

  test('to a role that may not read the jobs, or do the work: exit 3, and nothing is done', async () => {
    expect(await commands.jobs('run cleanup-sessions', as('schema_shop'))).toMatchObject({ code: 3 });
    const staff = await commands.jobs('run cleanup-sessions', as('schema_staff'));
    expect(staff).toMatchObject({ code: 3, stderr: expect.stringContaining('job_runs') });
    await owner()`grant insert, update, delete on job_runs to schema_staff`;
    onTestFinished(async () => {
      await owner()`revoke insert, update, delete on job_runs from schema_staff`;
    });
    const without = await commands.jobs('run cleanup-sessions', as('schema_staff'));
    expect(without).toMatchObject({ code: 3, stderr: expect.stringContaining('cleanup_expired_sessions') });
    expect(await recorded()).toEqual([{ job_name: 'cleanup-sessions', outcome: 'FAILED', sqlstate: '42501' }]);
  });

  test('to a superuser, who would run what an ordinary role wrote', async () => {
    const env = { ORDERSYNC_DATABASE_URL: commands.database.current.url };
    for (const words of ['run cleanup-sessions', 'run cleanup-sessions --dry-run', 'install']) {
      expect(await commands.jobs(words, { env })).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('connect as schema_owner'),
      });
    }
    expect(await recorded()).toEqual([]);
  });

  test.each(['update (command)', 'insert'])('while another role has %s on the statements', async (right) => {
    await owner().unsafe(`grant ${right} on scheduled_jobs to application_admin_role`);
    onTestFinished(async () => {
      await owner().unsafe(`revoke ${right} on scheduled_jobs from application_admin_role`);
    });
    for (const words of ['run cleanup-sessions', 'run cleanup-sessions --dry-run', 'install']) {
      expect(await commands.jobs(words)).toMatchObject({
        code: 4,
        stderr: expect.stringContaining('application_admin_role, schema_staff may change what the jobs do'),
      });
    }
    expect(await recorded()).toEqual([]);
  });

  test.each([
    ['archive-audit-logs', 'rows_moved'],
    ['cleanup-notification-logs', 'rows_deleted'],
    ['cleanup-payment-events', 'rows_deleted'],
    ['cleanup-order-history', 'rows_deleted'],
  ])('while an archive is at work: exit 4, so that the scheduler tries again: %s', async (job, column) => {
    await commands.database.current.as('staff').begin(async (working) => {
      await working`select pg_advisory_xact_lock(hashtextextended('ordersync archive', 0))`;
      expect(await commands.jobs(`run ${job}`)).toMatchObject({
        code: 4,
        stderr: expect.stringContaining(`${job} has to wait: an archive is at work`),
      });
      expect(await commands.rows(`run ${job} --dry-run`)).toMatchObject([{ rehearsal: 'counted', [column]: 0 }]);
    });
    expect(await recorded()).toMatchObject([{ outcome: 'STOPPED' }]);
    expect(await commands.rows('status')).toContainEqual(expect.objectContaining({ job, state: 'stopped' }));
    expect(await commands.jobs(`run ${job}`)).toMatchObject({ code: 0 });
  });

  test('by a row that somebody holds: exit 4, naming who', async () => {
    const staff = commands.database.current.as('staff');
    await owner()`create table held (id integer primary key, n integer not null)`;
    await owner()`insert into held values (1, 1)`;
    await owner()`grant select, update on held to schema_staff`;
    onTestFinished(async () => {
      await owner()`drop table held`;
    });
    await addJob('touch', 'update held set n = n + 1');
    await staff.begin(async (working) => {
      await working`update held set n = 10`;
      const { code, stderr } = await commands.jobs('run touch --lock-timeout 20s --retries 0');
      expect({ code, stderr }).toMatchObject({ code: 4, stderr: expect.stringMatching(/touch did not get its locks/) });
      expect(stderr).toContain('schema_staff');
    });
    expect(await commands.rows('run touch')).toMatchObject([{ rows_changed: 1 }]);
  });

  test('with a warning when another role may put functions beside those that are called', async () => {
    const superuser = commands.database.current.sql;
    await superuser`grant create on schema public to application_role`;
    onTestFinished(async () => {
      await superuser`revoke create on schema public from application_role`;
    });
    const ran = await commands.jobs('run cleanup-sessions');
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('application_role, schema_shop may create') });
  });
});

describe('a job of the operator', () => {
  test.each([
    ['a plain DELETE', 'delete from security_metrics', { rows_deleted: 2 }],
    ['a plain UPDATE', 'update security_metrics set value = 3', { rows_changed: 2 }],
    ['a number', 'select count(*) from security_metrics', { returned: 2 }],
    [
      'several statements',
      'update security_metrics set value = 4; delete from security_metrics where value = 4',
      { rows_changed: 2, rows_deleted: 2 },
    ],
    ['nothing to count', 'select', { rows_deleted: null, returned: null }],
  ])('is run, and its counts are told: %s', async (_name, command, counts) => {
    await owner()`delete from security_metrics`;
    await owner()`insert into security_metrics (metric_type, value) values ('failed_logins', 1), ('failed_logins', 2)`;
    await addJob('mine', command);
    expect(await commands.rows('run mine')).toMatchObject([{ outcome: 'done', calls: 1, ...counts }]);
  });

  test('that knows nothing of rehearsals is rolled back in one', async () => {
    await owner()`delete from security_metrics`;
    await owner()`insert into security_metrics (metric_type, value) values ('failed_logins', 1)`;
    await addJob('mine', 'delete from security_metrics');
    expect(await commands.rows('run mine --dry-run')).toMatchObject([{ rehearsal: 'rolled back', rows_deleted: 1 }]);
    expect(await owner()`select value::integer from security_metrics`).toEqual([{ value: 1 }]);
  });

  test('cannot commit in a rehearsal, whatever its statement is', async () => {
    await owner()`delete from security_metrics`;
    await owner()`insert into security_metrics (metric_type, value) values ('failed_logins', 1)`;
    await owner()`
      create procedure commits() language plpgsql as $$ begin delete from security_metrics; commit; end $$`;
    onTestFinished(async () => {
      await owner()`drop procedure commits()`;
    });
    await addJob('several', 'delete from security_metrics; commit');
    for (const words of ['run several --dry-run', 'run several']) {
      expect(await commands.jobs(words)).toMatchObject({
        code: 4,
        stderr: expect.stringContaining('several controls transactions itself'),
      });
    }
    await addJob('procedure', 'call commits()');
    expect(await commands.rows('run procedure --dry-run')).toMatchObject([
      { rehearsal: 'not possible', would_do: null },
    ]);
    expect(await owner()`select value::integer from security_metrics`).toEqual([{ value: 1 }]);
    expect(await commands.rows('run procedure')).toMatchObject([{ outcome: 'done' }]);
    expect(await owner()`select from security_metrics`).toEqual([]);
  });

  test('may be one that runs outside transactions only', async () => {
    await addJob('vacuum', 'vacuum security_metrics');
    expect(await commands.rows('run vacuum --dry-run')).toMatchObject([{ rehearsal: 'not possible' }]);
    expect(await commands.rows('run vacuum')).toMatchObject([{ outcome: 'done', calls: 1 }]);
  });

  test('that fails is rolled back, recorded by its SQLSTATE, and never quotes a value', async () => {
    await addJob('broken', `select 'hunter2'::integer`);
    const { code, stdout, stderr } = await commands.jobs('run broken');
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toContain('broken failed with SQLSTATE 22P02');
    await addJob('absent', 'select no_such_function()');
    expect((await commands.jobs('run absent')).stderr).toContain(
      'absent failed: function no_such_function() does not exist',
    );
    const rows = await commands.rows('status');
    expect(rows.filter(({ state }) => state === 'failed')).toMatchObject([
      { job: 'absent', sqlstate: '42883' },
      { job: 'broken', sqlstate: '22P02' },
    ]);
    expect((await commands.jobs('status')).code).toBe(5);
  });

  test('may tell its work and ask to be called again, as the functions of the schema do', async () => {
    await owner()`
      create function mine() returns void language plpgsql as $$
      begin
        update security_metrics set value = value + 1;
        perform report_job_work('changed', 1, more => (select min(value) < 3 from security_metrics));
      end $$`;
    onTestFinished(async () => {
      await owner()`drop function mine()`;
    });
    await owner()`delete from security_metrics`;
    await owner()`insert into security_metrics (metric_type, value) values ('failed_logins', 0)`;
    await addJob('mine', 'select mine()');
    expect(await commands.rows('run mine')).toMatchObject([{ outcome: 'done', rows_changed: 3, calls: 3 }]);
    await addJob('odd', `select set_config('ordersync.job_report', 'done', true)`);
    expect((await commands.jobs('run odd')).stderr).toContain('let its function call report_job_work()');
  });

  test('that a CHECK refuses is not tried again', async () => {
    await owner()`create table checked (n integer check (n < 1))`;
    onTestFinished(async () => {
      await owner()`drop table checked`;
    });
    await addJob('checked', 'insert into checked values (1)');
    const { code, stderr } = await commands.jobs('run checked');
    expect({ code, stderr }).toMatchObject({ code: 4, stderr: expect.stringContaining('SQLSTATE 23514') });
  });
});
