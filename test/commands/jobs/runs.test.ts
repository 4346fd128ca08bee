import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lockKeys } from '../../../src/db/lock.ts';
import { BIN, useBuild } from '../../support/program.ts';
import { waitFor } from '../../support/wait.ts';
import { ownerUrl, useJobCommands } from './fixture.ts';

useBuild();

/** Each batch of the job passes a gate: an advisory lock that a test holds for as long as it likes, shorter than the timeout. */
const GATE = 4_711_001;
const JOB = 'cleanup-rate-limits';

describe('runs of one job', () => {
  const commands = useJobCommands();
  const superuser = () => commands.database.current.sql;
  beforeAll(async () => {
    // Half a year from its time, so that no time of it comes between two runs of a test.
    const month = ((new Date().getUTCMonth() + 6) % 12) + 1;
    await superuser()`update scheduled_jobs set schedule = ${`0 0 1 ${month} *`} where name = ${JOB}`;
    await superuser().unsafe(`
      create function pass_gate() returns trigger language plpgsql as $$
      begin
        perform pg_advisory_lock(${GATE});
        perform pg_advisory_unlock(${GATE});
        return null;
      end $$;
      create trigger gate before delete on api_rate_limits for each statement execute function pass_gate();`);
  });
  beforeEach(async () => {
    await superuser()`truncate api_rate_limits, job_runs`;
    await superuser()`
      insert into api_rate_limits (identifier, identifier_type, window_start, window_end)
      select 'user-' || n, 'USER', now() - interval '3 days', now() - interval '2 days' from generate_series(1, 25000) n`;
  });

  const left = async (): Promise<unknown> =>
    (await superuser()`select count(*)::integer as rows from api_rate_limits`)[0]?.['rows'];
  const recorded = async () => superuser()`select outcome, calls, counts from job_runs order by id`;

  /** Runs while the gate is shut; whatever waits there goes on afterwards. */
  async function withGateShut<Result>(work: () => Promise<Result>): Promise<Result> {
    const held = await superuser().reserve();
    await held`select pg_advisory_lock(${GATE})`;
    try {
      return await work();
    } finally {
      await held`select pg_advisory_unlock(${GATE})`;
      held.release();
    }
  }

  /** Until a run waits at the gate, and has for so long that it is to end its transaction after this batch. */
  const untilAtGate = async (): Promise<void> =>
    waitFor(async () => {
      const found = await superuser()`
        select from pg_locks
        join pg_stat_activity activity using (pid)
        where locktype = 'advisory' and objid = ${GATE} and not granted and activity.datname = current_database()
          and clock_timestamp() - activity.query_start > interval '3 seconds'`;
      return found.length === 1;
    }, 'a run waits at the gate');

  test('the second is left to the first, and says so', async () => {
    const first = await withGateShut(async () => {
      const running = commands.jobs(`run ${JOB} --lock-timeout 5min --format json`);
      await untilAtGate();
      expect(await commands.rows(`run ${JOB}`)).toMatchObject([
        { outcome: 'already running', done: 'nothing', calls: 0 },
      ]);
      const second = await commands.jobs(`run ${JOB}`);
      expect(second.code).toBe(0);
      expect(second.stderr).toMatch(/^already running elsewhere, and left to that run: pid \d+ \(ordersync jobs run, /);
      expect(await commands.rows('status')).toContainEqual(expect.objectContaining({ job: JOB, state: 'running' }));
      return { running };
    });
    expect(await first.running).toMatchObject({ code: 0 });
    expect(await left()).toBe(0);
    expect(await recorded()).toEqual([{ outcome: 'DONE', calls: 2, counts: { deleted: 25_000 } }]);
    // The winner's run counts for whoever comes later for the same time.
    expect(await commands.rows(`run ${JOB} --if-due`)).toMatchObject([{ outcome: 'not due' }]);
    expect(await recorded()).toHaveLength(1);
  });

  test('Ctrl-C ends it after the call, keeps what is done, and the next run goes on', async () => {
    let deliver: ((signal: 'SIGINT') => void) | undefined;
    const interrupted = await withGateShut(async () => {
      const running = commands.jobs(`run ${JOB} --lock-timeout 5min`, {
        onListen: (listener) => {
          deliver = listener;
        },
      });
      await untilAtGate();
      deliver?.('SIGINT');
      return { running };
    });
    const { code, stderr } = await interrupted.running;
    expect({ code, stderr }).toMatchObject({ code: 130, stderr: expect.stringContaining('10000 deleted before that') });
    expect(await left()).toBe(15_000);
    expect(await recorded()).toEqual([{ outcome: 'STOPPED', calls: 1, counts: { deleted: 10_000 } }]);
    expect(await commands.rows('status')).toContainEqual(expect.objectContaining({ job: JOB, state: 'stopped' }));
    // What a stopped run left is due still.
    expect(await commands.rows(`run ${JOB} --if-due`)).toMatchObject([{ outcome: 'done', rows_deleted: 15_000 }]);
    expect(await left()).toBe(0);
  });

  test('with its time up it stops with exit 6, and says that there is more', async () => {
    const stopped = await withGateShut(async () => {
      const running = commands.jobs(`run ${JOB} --lock-timeout 5min --max-time 1ms --format json`);
      await untilAtGate();
      return { running };
    });
    const { code, stdout, stderr } = await stopped.running;
    expect({ code, stderr }).toMatchObject({ code: 6, stderr: expect.stringContaining('there is more to do') });
    expect(JSON.parse(stdout)).toMatchObject({ data: [{ outcome: 'stopped', rows_deleted: 10_000, calls: 1 }] });
    expect(await left()).toBe(15_000);
  });

  test('a run whose process is killed is found out, and does not keep the next from running', async () => {
    await withGateShut(async () => {
      const child = spawn(process.execPath, [BIN, 'jobs', 'run', JOB, '--lock-timeout', '5min'], {
        env: { PATH: process.env['PATH'], ORDERSYNC_DATABASE_URL: ownerUrl(commands.database.current) },
        stdio: 'ignore',
      });
      await untilAtGate();
      child.kill('SIGKILL');
      await once(child, 'close');
    });
    const [classKey, nameKey] = lockKeys(`job ${JOB}`);
    await waitFor(
      async () =>
        (
          await superuser()`
            select from pg_locks
            where locktype = 'advisory' and classid = ${classKey}::int8::oid and objid = ${nameKey}::int8::oid
              and database = (select oid from pg_database where datname = current_database())`
        ).length === 0,
      'the server has noticed that the process is gone',
    );
    expect(await recorded()).toMatchObject([{ outcome: 'RUNNING' }]);
    const status = await commands.jobs('status --format json');
    expect(status.code).toBe(5);
    expect((JSON.parse(status.stdout) as { data: unknown[] }).data).toContainEqual(
      expect.objectContaining({ job: JOB, state: 'lost', fix: `ordersync jobs run ${JOB}` }),
    );
    expect(await commands.rows(`run ${JOB} --if-due`)).toMatchObject([{ outcome: 'done' }]);
    expect(await left()).toBe(0);
    expect(await recorded()).toMatchObject([{ outcome: 'LOST' }, { outcome: 'DONE' }]);
  });

  test('only the last three hundred are remembered', async () => {
    await superuser()`
      insert into job_runs (job_name, started_at, finished_at, outcome, started_by)
      select ${JOB}, now() - n * interval '1 hour', now(), 'DONE', jsonb_build_object('host', ${randomUUID()}::text)
      from generate_series(400, 1, -1) n`;
    await commands.jobs(`run ${JOB}`);
    expect(await recorded()).toHaveLength(300);
  });
});
