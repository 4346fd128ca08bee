import { expect, onTestFinished, test } from 'vitest';
import { useJobCommands } from './fixture.ts';

const commands = useJobCommands();

test('lists every job with its next time, which is midnight in Seoul for the daily ones', async () => {
  const owner = commands.database.current.as('owner');
  const midnight = async (): Promise<unknown> => {
    const [row] = await owner`
      select extract(epoch from (date_trunc('day', now(), 'Asia/Seoul') + interval '1 day'))::float8 * 1000 as at`;
    return row?.['at'];
  };
  const before = await midnight();
  const rows = await commands.rows('list');
  const after = await midnight(); // another one when the day has changed meanwhile
  expect(rows).toHaveLength(15);
  const reset = rows.find(({ job }) => job === 'reset-menu-sales');
  expect(reset).toMatchObject({
    schedule: '0 0 * * *',
    time_zone: 'Asia/Seoul',
    next_run: expect.stringMatching(/T15:00:00\.000Z$/),
    next_run_local: expect.stringMatching(/^\d{4}-\d\d-\d\d 00:00$/),
    statement: 'SELECT reset_daily_menu_sales()',
  });
  expect([before, after]).toContain(Date.parse(String(reset?.['next_run'])));
  const archive = rows.find(({ job }) => job === 'archive-audit-logs');
  expect(archive).toMatchObject({ next_run_local: expect.stringMatching(/-01 03:00$/) });
});

test('a row that cannot be read is told, and hides no other', async () => {
  const owner = commands.database.current.as('owner');
  await owner`
    insert into scheduled_jobs (name, schedule, utc_schedule, command, description, time_zone)
    values ('odd', '30 seconds', '* * * * *', 'select 1', 'x', 'Asia/Seoul'),
           ('astray', '0 0 * * *', '* * * * *', 'select 1', 'x', 'Asia/Seoull'),
           ('never', '0 0 30 2 *', '0 0 30 2 *', 'select 1', 'x', 'UTC')`;
  onTestFinished(async () => {
    await owner`delete from scheduled_jobs where name in ('odd', 'astray', 'never')`;
  });
  const { code, stdout, stderr } = await commands.jobs('list');
  expect(code).toBe(0);
  expect(stdout).toContain('cleanup-sessions');
  expect(stderr).toContain('odd: "30 seconds" is not minute, hour, day, month and weekday');
  expect(stderr).toContain('there is no time zone "Asia/Seoull"');
  const rows = await commands.rows('list');
  expect(rows.filter(({ next_run: next }) => next === null).map(({ job }) => job)).toEqual(['astray', 'never', 'odd']);
});

test('a database without the schema is told to be migrated', async () => {
  const { code, stderr } = await commands.jobs('list --dbname postgres --username postgres', {
    env: { ORDERSYNC_DATABASE_URL: commands.database.current.url },
  });
  expect(code).toBe(4);
  expect(stderr).toContain('apply the migrations: ordersync migrate up');
});
