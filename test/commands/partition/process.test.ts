import { spawn } from 'node:child_process';
import { once } from 'node:events';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { BIN, runProgram, useBuild } from '../../support/program.ts';
import { useSchema } from '../../support/schema.ts';
import { waitFor } from '../../support/wait.ts';
import { monthFromNow, nameIn, ownerUrl } from './fixture.ts';

useBuild();
const database = useSchema();

test('bounds are months in UTC, whatever the time zones of server, role and client', async () => {
  const { current } = database;
  await current.sql.unsafe(`alter database "${current.name}" set timezone = 'Asia/Seoul'`);
  await current.sql.unsafe(`alter role schema_owner in database "${current.name}" set datestyle = 'SQL, DMY'`);
  const zones = ['Asia/Seoul', 'America/New_York', 'Pacific/Kiritimati', 'UTC'];
  for (const [index, TZ] of zones.entries()) {
    const env = { TZ, ORDERSYNC_DATABASE_URL: ownerUrl(current) };
    const words = ['partition', 'ensure', '--ahead', String(4 + index), '--lock-timeout', '5s'];
    expect(await runProgram(words, { env })).toMatchObject({ code: 0 });
    const { stdout } = await runProgram(['partition', 'list', '--format', 'json'], { env });
    const { data } = JSON.parse(stdout) as { data: { partition: string; range_from: string; range_to: string }[] };
    for (const table of ['orders', 'payments', 'audit_logs', 'notification_logs']) {
      const month = monthFromNow(4 + index);
      expect(data.find(({ partition }) => partition === nameIn(table, month))).toMatchObject({
        range_from: `${month}-01T00:00Z`,
        range_to: `${monthFromNow(5 + index)}-01T00:00Z`,
      });
    }
    expect((await runProgram(['partition', 'check'], { env })).code).toBe(0);
  }
});

test('a detach whose process is killed with -9 is finished by running it again', async () => {
  const { current } = database;
  const env = { ORDERSYNC_DATABASE_URL: ownerUrl(current) };
  const month = monthFromNow(-1);
  const name = nameIn('audit_logs', month);
  const made = ['partition', 'ensure', '--table', 'audit_logs', '--from', month, '--lock-timeout', '5s'];
  expect((await runProgram(made, { env })).code).toBe(0);
  const reader = postgres(current.url, { max: 1 });
  const held = await reader.reserve();
  await held`begin`;
  await held`select count(*) from audit_logs`;

  const words = ['partition', 'detach', 'audit_logs', '--month', month, '--yes'];
  const child = spawn(process.execPath, [BIN, ...words, '--lock-timeout', '60s'], { env: { ...process.env, ...env } });
  await waitFor(
    async () =>
      (await current.sql`select from pg_inherits where inhdetachpending and inhrelid = ${name}::regclass`).length === 1,
    'the detach is pending',
  );
  child.kill('SIGKILL');
  await once(child, 'close');
  await held`commit`;
  held.release();
  await reader.end();

  expect(await runProgram([...words, '--lock-timeout', '5s'], { env })).toMatchObject({ code: 0 });
  expect(await current.sql`select from pg_inherits where inhdetachpending`).toEqual([]);
  expect((await runProgram(['partition', 'check'], { env })).code).toBe(0);
});
