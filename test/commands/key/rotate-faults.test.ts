import { beforeAll, describe, expect, test } from 'vitest';
import { FAULT_POINTS } from '../../../src/domain/keys/rotate/types.ts';
import type { Application } from '../../support/application.ts';
import type { Ended } from '../../support/program.ts';
import { runProgram, useBuild } from '../../support/program.ts';
import { useKeyCommands } from './fixture.ts';

describe('a rotation that is killed', () => {
  const commands = useKeyCommands();
  useBuild();
  const sql = () => commands.database.current.sql;
  let application: Application;

  beforeAll(async () => {
    application = await commands.start();
    await commands.fill(application);
    for (let user = 0; user < 300; user += 1) await application.addUser(sql(), `user${user}@example.com`);
  });

  const program = async (words: string, fault?: string): Promise<Ended> =>
    runProgram(['key', ...words.split(' ')], {
      env: {
        ...commands.keyring.env,
        ORDERSYNC_DATABASE_URL: commands.database.current.url,
        ORDERSYNC_FAULT: fault,
      },
    });
  const rotate = async (fault?: string, words = '') =>
    program(`rotate --type pii --if-older-than 0 --grace 0 --full-speed --format json${words}`, fault);
  const runs = async () =>
    (await sql()<{ status: string }[]>`select status from key_rotation_runs order by started_at`).map(
      ({ status }) => status,
    );

  test.each(FAULT_POINTS)('at %s leaves a state that verifies, and one resume finishes it', async (point) => {
    const finished = (await runs()).length;
    const killed = await rotate(`${point}:kill`);
    expect(killed).toMatchObject({ code: undefined, stdout: '' });

    const began = point !== 'after-keyring-write';
    expect((await runs()).slice(finished)).toEqual(began ? ['RUNNING'] : []);
    const statuses = await sql()<{ status: string }[]>`
      select status from encryption_keys where key_type = 'pii' and status <> 'RETIRED' order by version`;
    expect(statuses.map(({ status }) => status)).toEqual(began ? ['ROTATING', 'ACTIVE'] : ['ACTIVE']);
    expect(await program('verify')).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing is wrong') });

    const resumed = await rotate();
    expect(resumed).toMatchObject({ code: 0 });
    const [row] = (JSON.parse(resumed.stdout) as { data: Record<string, unknown>[] }).data;
    // What was renewed before the kill is not renewed again.
    const left = point === 'before-finish' ? { rows: 0, values: 0 } : {};
    expect(row).toMatchObject({ state: 'finished', ...left });
    expect((await runs()).slice(finished)).toEqual(['FINISHED']);
    expect(await program('verify')).toMatchObject({ code: 0 });
  });

  test('at the n-th time that a point is reached, when asked for', async () => {
    await application.addUser(sql(), 'one-more@example.com');
    // One job after the other: what has been written before the third statement is not left to chance.
    expect((await rotate('mid-stripe@3:kill', ' --jobs 1')).code).toBeUndefined();
    const [{ renewed } = { renewed: 0 }] = await sql()<{ renewed: number }[]>`
      select count(*)::int as renewed from users
       where email_key_id = (select key_id from encryption_keys where key_type = 'pii' and status = 'ACTIVE')`;
    expect(renewed).toBeGreaterThan(0);
    expect(await rotate()).toMatchObject({ code: 0 });
  });

  test('can fail there instead, and says so', async () => {
    expect(await rotate('before-finish:throw')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('a fault was planted at before-finish'),
    });
    expect((await runs()).at(-1)).toBe('RUNNING');
    expect(await rotate()).toMatchObject({ code: 0 });
  });

  test('a fault that is spelt wrongly proves nothing, and is refused', async () => {
    expect(await rotate('before-finish')).toMatchObject({ code: 3 });
  });

  test('outside tests the variable means nothing', async () => {
    const ended = await runProgram(['key', 'list'], {
      env: {
        ...commands.keyring.env,
        NODE_ENV: 'production',
        ORDERSYNC_DATABASE_URL: commands.database.current.url,
        ORDERSYNC_FAULT: 'nonsense',
      },
    });
    expect(ended.code).toBe(0);
  });
});
