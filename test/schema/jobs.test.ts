import type postgres from 'postgres';
import { beforeEach, describe, expect, test } from 'vitest';
import { useSchema } from '../support/schema.ts';

describe('the jobs', () => {
  const database = useSchema();
  let owner: postgres.Sql;
  beforeEach(() => {
    owner = database.current.as('owner');
  });

  const grant = async () =>
    database.current.sql.unsafe(`
      grant usage on schema cron to schema_owner;
      grant all on cron.job to schema_owner;`);
  const readCron = async () => owner`select schedule, command from cron.job where jobname = 'reset-menu-sales'`;

  test('are data, at the specification’s times in Seoul, and at the same moment in UTC', async () => {
    const jobs = await owner<{ name: string; schedule: string; utc_schedule: string; time_zone: string }[]>`
      select name, schedule, utc_schedule, time_zone from scheduled_jobs`;
    expect(jobs).toHaveLength(15);
    for (const { schedule, utc_schedule: utc, time_zone: zone } of jobs) {
      expect(zone).toBe('Asia/Seoul');
      const [minute, hour, ...days] = schedule.split(' ');
      const utcHour = hour === '*' ? '*' : String((Number(hour) + 15) % 24);
      expect(utc).toBe([minute, utcHour, ...days].join(' '));
    }
  });

  test('run, each of them', async () => {
    const jobs = await owner<{ command: string }[]>`select command from scheduled_jobs`;
    for (const { command } of jobs) expect(await owner.unsafe(command)).toHaveLength(1);
  });

  describe('with pg_cron', () => {
    // The functions that pg_cron 1.4 has; the real extension needs its own server and is tried where it is installed.
    beforeEach(async () => {
      const superuser = database.current.sql;
      await superuser`drop schema if exists cron cascade`;
      await superuser.unsafe(`
        create schema cron;
        create table cron.job (
          jobid bigint generated always as identity, jobname text unique, schedule text, command text,
          database text default current_database(), username text default session_user
        );
        create function cron.schedule(text, text, text) returns bigint language sql as $$
          insert into cron.job (jobname, schedule, command) values ($1, $2, $3)
          on conflict (jobname) do update set schedule = $2, command = $3
          returning jobid
        $$;
        create function cron.unschedule(bigint) returns boolean language sql as $$
          delete from cron.job where jobid = $1 returning true
        $$;`);
    });

    test('are registered under their names, at the UTC moment, and taken out again', async () => {
      await grant();
      expect(await owner`select install_scheduled_jobs() as jobs`).toEqual([{ jobs: 15 }]);
      expect(await owner`select install_scheduled_jobs() as jobs`).toEqual([{ jobs: 15 }]);
      expect(await readCron()).toEqual([{ schedule: '0 15 * * *', command: 'SELECT reset_daily_menu_sales()' }]);
      await owner`insert into cron.job (jobname, schedule, command) values ('somebody-else', '* * * * *', 'select 1')`;
      expect(await owner`select uninstall_scheduled_jobs() as jobs`).toEqual([{ jobs: 15 }]);
      expect(await owner`select jobname from cron.job`).toEqual([{ jobname: 'somebody-else' }]);
    });

    test('follow a pg_cron that counts in Seoul', async () => {
      await grant();
      await owner.begin(async (transaction) => {
        await transaction`set local cron.timezone = 'Asia/Seoul'`;
        await transaction`select install_scheduled_jobs()`;
      });
      expect(await readCron()).toMatchObject([{ schedule: '0 0 * * *' }]);
    });

    test('that would run at the wrong hour are not registered, and named', async () => {
      await grant();
      const [installed] = await owner.begin(async (transaction) => {
        await transaction`set local cron.timezone = 'America/New_York'`;
        return transaction`select install_scheduled_jobs() as jobs`;
      });
      // Those that run every few minutes mean the same everywhere.
      expect(installed).toEqual({ jobs: 3 });
      expect(database.current.notices.some((notice) => notice.includes('not registered: archive-audit-logs'))).toBe(
        true,
      );
    });

    test('stay data when the owner may not use it, and a notice says what to do', async () => {
      expect(await owner`select install_scheduled_jobs() as jobs`).toEqual([{ jobs: 0 }]);
      expect(database.current.notices).toContain('pg_cron is not usable here: the jobs are in scheduled_jobs');
      expect(await owner`select uninstall_scheduled_jobs() as jobs`).toEqual([{ jobs: 0 }]);
    });
  });
});
