import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, describe } from 'vitest';
import { BIN, runFile, useBuild } from '../../support/program.ts';
import { outside } from '../../support/outside.ts';
import { rowsOf, useJobCommands } from './fixture.ts';

useBuild();
const commands = useJobCommands();
const owner = () => commands.database.current.as('owner');

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ordersync-jobs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The command of a crontab's line, as cron gives it to the shell: `\%` is a percent sign. */
function commandOf(line: string): string {
  return line.replace(/^(?:\S+ ){5}/, '').replaceAll(String.raw`\%`, '%');
}

describe('the crontab', () => {
  test('runs each job at its time in Seoul, in the form that cron reads', async () => {
    const { code, stdout, stderr } = await commands.jobs('install');
    expect(code).toBe(0);
    const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines.shift()).toBe('CRON_TZ=Asia/Seoul');
    expect(lines).toHaveLength(15);
    for (const line of lines)
      expect(line).toMatch(/^(?:[\d*/]+ ){5}\S+ \S+ordersync\.js --url '.*' .*jobs run [\w-]+ --if-due >\/dev\/null$/);
    expect(lines.find((line) => line.includes('reset-menu-sales'))).toMatch(/^0 0 \* \* \* /);
    expect(stderr).toContain('the password comes from environment ORDERSYNC_DATABASE_URL');
    const utc = await commands.rows('install --as crontab-utc');
    expect(utc.find(({ job }) => job === 'reset-menu-sales')?.['content']).toMatch(/^0 15 \* \* \* /);
  });

  test('has the whole call: it works with an empty environment in another folder', async () => {
    const [row] = (await commands.rows('install')).filter(({ job }) => job === 'cleanup-sessions');
    const folder = temporaryFolder();
    const { hostname, port } = new URL(commands.database.current.url);
    // As ~/.pgpass of the user whom cron works for.
    writeFileSync(join(folder, '.pgpass'), `${hostname}:${port}:*:schema_owner:schema\n`, { mode: 0o600 });
    const ran = await runFile('/bin/sh', ['-c', commandOf(String(row?.['content']))], {
      env: { HOME: folder },
      cwd: folder,
    });
    expect(ran).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await commands.rows('status')).toContainEqual(
      expect.objectContaining({ job: 'cleanup-sessions', state: 'done' }),
    );
  });

  test('names a protected environment, and the database that it asks for', async () => {
    const folder = temporaryFolder();
    const url = new URL(commands.database.current.urlFor({ user: 'schema_owner', password: 'schema' }));
    const file = join(folder, 'ordersync.config.json');
    const environments = {
      "it's 100% prod": {
        host: url.hostname,
        port: url.port,
        dbname: url.pathname.slice(1),
        user: url.username,
        protected: true,
      },
    };
    writeFileSync(file, JSON.stringify({ environments }));
    const ran = await commands.jobs('install --format json', {
      cwd: folder,
      env: { ORDERSYNC_DATABASE_URL: undefined, ORDERSYNC_ENV: "it's 100% prod", PGPASSWORD: 'schema' },
    });
    expect(ran.code).toBe(0);
    expect(ran.stderr + ran.stdout).not.toContain('PASSWORD=');
    const line = String(rowsOf(ran)[0]?.['content']);
    expect(line).toContain(String.raw`--env 'it'\''s 100\% prod'`);
    const printed = await runFile('/bin/sh', ['-c', `printf '%s\\n' ${commandOf(line).replace('>/dev/null', '')}`]);
    expect(printed.stdout.split('\n').slice(1, 5)).toEqual([BIN, '--config', file, '--env']);
    expect(printed.stdout).toContain(`--if-due\n--confirm\n${url.pathname.slice(1)}\n`);
  });

  test('is never told what could end a line or begin a command', async () => {
    await owner()`
      insert into scheduled_jobs (name, schedule, utc_schedule, command, description) values
        ('a; reboot', '0 0 * * *', '0 0 * * *', 'select 1', 'x'),
        (${'b\n* * * * * reboot'}, '0 0 * * *', '0 0 * * *', 'select 1', 'x'),
        ('c', '0 0 * * *', ${'* * * * * reboot #'}, 'select 1', 'x'),
        ('d', ${'0 0 *\n* *'}, '0 0 * * *', 'select 1', ${'x\n[Service]\nExecStart=/sbin/reboot'})`;
    onTestFinished(async () => {
      await owner()`delete from scheduled_jobs where command = 'select 1'`;
    });
    for (const as of ['crontab', 'crontab-utc', 'systemd']) {
      const { code, stdout, stderr } = await commands.jobs(`install --as ${as}`);
      expect(code).toBe(5);
      expect(stderr.match(/left out: /g)).toHaveLength(3);
      expect(stdout.split('\n').filter((line) => /^(?:[*\d].*)?reboot|^ExecStart=\/sbin/.test(line))).toEqual([]);
      expect(stdout).toContain('jobs run d --if-due');
      expect(stdout).not.toContain('jobs run c ');
    }
  });
});

describe('the systemd units', () => {
  test('are a service and a timer for each job, which systemd accepts, at the times in Seoul', async (context) => {
    const folder = temporaryFolder();
    const script = join(folder, 'install.sh');
    const { code, stdout } = await commands.jobs('install --as systemd');
    expect(code).toBe(0);
    writeFileSync(script, stdout);
    const units = join(folder, 'units');
    expect(await runFile('/bin/sh', ['-c', `mkdir "${units}" && sh "${script}" "${units}"`])).toMatchObject({
      code: 0,
      stderr: '',
    });
    const files = readdirSync(units).toSorted();
    expect(files).toHaveLength(30);
    expect(files.slice(0, 2)).toEqual(['ordersync-archive-audit-logs.service', 'ordersync-archive-audit-logs.timer']);

    const analyze = outside('systemd-analyze', context);
    const verified = await runFile(analyze, ['verify', '--man=no', ...files.map((file) => join(units, file))]);
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.stderr).not.toContain('ordersync');
  });

  test.each([
    ['*/20 9-17 * * 1-5', ['Mon,Tue,Wed,Thu,Fri *-*-* 09,10,11,12,13,14,15,16,17:00,20,40:00 Asia/Seoul']],
    ['0 3 1 */6 *', ['*-01,07-01 03:00:00 Asia/Seoul']],
    ['5 * 13 * fri', ['*-*-13 *:05:00 Asia/Seoul', 'Fri *-*-* *:05:00 Asia/Seoul']],
  ])('mean the same as %s', async (schedule, calendars) => {
    await owner()`
      insert into scheduled_jobs (name, schedule, utc_schedule, command, description)
      values ('mine', ${schedule}, '0 0 * * *', 'select 1', '100% of "it" \\')`;
    onTestFinished(async () => {
      await owner()`delete from scheduled_jobs where name = 'mine'`;
    });
    const rows = await commands.rows('install --as systemd');
    const timer = String(rows.find(({ file }) => file === 'ordersync-mine.timer')?.['content']);
    expect(timer.split('\n').filter((line) => line.startsWith('OnCalendar='))).toEqual(
      calendars.map((calendar) => `OnCalendar=${calendar}`),
    );
    expect(timer).toContain('Description=ordersync job mine: 100%% of "it"');
  });

  test('come due when the jobs are listed for', async (context) => {
    const analyze = outside('systemd-analyze', context);
    const timers = (await commands.rows('install --as systemd')).filter(({ file }) => String(file).endsWith('.timer'));
    const calendars = timers.map(({ content }) => /^OnCalendar=(.*)$/m.exec(String(content))?.[1] ?? '');
    const dueNow = async (): Promise<readonly string[]> => {
      const { code, stdout } = await runFile(analyze, ['calendar', ...calendars], { env: { TZ: 'UTC' } });
      expect(code).toBe(0);
      return [...stdout.matchAll(/Next elapse: \w+ (\S+) (\S+) UTC/g)].map(([, day, time]) => `${day}T${time}.000Z`);
    };
    const before = await dueNow();
    const listed = await commands.rows('list');
    const after = await dueNow();
    expect(before).toHaveLength(15);
    for (const [index, { job }] of timers.entries()) {
      const found = listed.find((row) => row['job'] === job);
      // A time may pass between the two.
      expect([before[index], after[index]]).toContain(found?.['next_run']);
    }
  });
});
