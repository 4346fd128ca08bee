import { beforeEach, describe, expect, test } from 'vitest';
import type { Clock, Work } from '../../../src/context.ts';
import { planRetire, retireKey } from '../../../src/domain/keys/retire.ts';
import { OrdersyncError } from '../../../src/errors.ts';
import { useKeyCommands } from '../../commands/key/fixture.ts';
import type { Application } from '../../support/application.ts';
import { driven, testContext } from '../../support/context.ts';

describe('holding a retired key', () => {
  const commands = useKeyCommands();
  const sql = () => commands.database.current.sql;
  let first: Application;

  beforeEach(async () => {
    await sql()`delete from encryption_data_keys`;
    await sql()`delete from encryption_keys`;
    for (const { name, relation } of await constraints()) {
      await sql().unsafe(`alter table ${relation} drop constraint ${name}`);
    }
    first = await commands.start();
    await sql()`update encryption_keys set status = 'ROTATING' where key_id = 'business-v1'`;
    await commands.start();
  });

  const constraints = () => sql()<{ name: string; relation: string; valid: boolean }[]>`
    select conname as name, conrelid::regclass::text as relation, convalidated as valid
      from pg_constraint where conname like '%retired_keys%' and coninhcount = 0 order by 1`;
  const statusOf = async (key: string) =>
    (await sql()<{ status: string }[]>`select status from encryption_keys where key_id = ${key}`)[0]?.status;

  async function begin() {
    const ctx = testContext(commands.database.current.url, '/nowhere', { keys: async () => commands.keyring.open() });
    const session = await ctx.db.session();
    const { result: plan } = await driven(planRetire(ctx, session, { keyId: 'business-v1', prove: true }));
    let pauses = 0;
    const sleep: Clock['sleep'] = async (_ms, signal) => {
      pauses += 1;
      await ctx.clock.sleep(1, signal);
    };
    const work = retireKey({ ...ctx, clock: { ...ctx.clock, sleep } }, session, plan);
    return { ctx, work, pauses: () => pauses };
  }

  async function addMenu(): Promise<string> {
    const { restaurant } = await commands.fill(first);
    return first.addMenu(sql(), restaurant, '냉면');
  }

  test('a value written after the count fails the proof; it stays changeable and the key ROTATING', async () => {
    const { work } = await begin();
    const menu = await addMenu();
    const failure = await driven(work).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'unhealthy',
      message: expect.stringContaining('has a value under a retired'),
    });
    expect(await statusOf('business-v1')).toBe('ROTATING');
    const kept = await constraints();
    expect(kept.every(({ valid }) => valid)).toBe(true);
    expect(kept.filter(({ relation }) => relation === 'menus')).toEqual([]);
    await sql()`update menus set price = price + 1 where id = ${menu}`;
    await sql()`truncate menus, restaurants, orders, notification_templates cascade`;
  });

  test('an interrupted run keeps the tables it was through with, and the next one does the rest', async () => {
    const { ctx, work } = await begin();
    await until(work, /^holding menus/);
    ctx.abort(new OrdersyncError('interrupted', 'interrupted by SIGINT'));
    await expect(driven(work)).rejects.toMatchObject({ code: 'interrupted' });
    const kept = await constraints();
    expect(kept.length).toBeGreaterThan(0);
    expect(await statusOf('business-v1')).toBe('ROTATING');
    const again = await commands.key('retire --key business-v1 --prove');
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('out of all 8 columns') });
    expect(await constraints()).toEqual(expect.arrayContaining([...kept]));
    expect(await statusOf('business-v1')).toBe('RETIRED');
  });

  test('constraints added and not validated, as a killed run leaves them, are validated by the next', async () => {
    const { work } = await begin();
    await until(work, /looks at every row of menus/);
    await work.return(undefined as never);
    expect((await constraints()).filter(({ valid }) => !valid)).toHaveLength(2);
    expect(await commands.key('retire --key business-v1 --prove')).toMatchObject({ code: 0 });
    expect((await constraints()).every(({ valid }) => valid)).toBe(true);
  });

  test('a key that a rotation retired is held afterwards; one that values came back to is not, and is told', async () => {
    await sql()`update encryption_keys set status = 'RETIRED', retired_at = now() where key_id = 'business-v1'`;
    expect(await commands.key('retire --key business-v1 --prove')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('business-v1 was retired before'),
    });
    expect(await constraints()).toHaveLength(8);
    for (const { name, relation } of await constraints()) {
      await sql().unsafe(`alter table ${relation} drop constraint ${name}`);
    }
    await addMenu();
    await sql()`update encryption_keys set status = 'ROTATING' where key_id = 'business-v2'`;
    await commands.start();
    const ran = await commands.key('retire --key business-v2 --prove');
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('business-v1 was retired, and values are') });
    expect(await commands.key('retire --key business-v1 --prove')).toMatchObject({ code: 4 });
    await sql()`truncate menus, restaurants, orders, notification_templates cascade`;
  });

  test('a session that works on the table is waited for, named, and never stalls others', async () => {
    const { ctx, work, pauses } = await begin();
    await sql().unsafe(TELLING_PATIENCE);
    const blocker = await sql().reserve();
    await blocker`begin`;
    await blocker`lock table menus in row exclusive mode`;
    await until(
      work,
      /menus: adding constraints waits for a lock, held by pid \d+ \(ordersync tests, idle in transaction\)/,
    );
    // Every tenth attempt waits longer; whoever queues behind one gets through, though the blocker stays.
    const rest = driven(work);
    let reads = 0;
    for (; pauses() < 11; reads += 1) await sql()`select count(*) from menus`;
    expect(reads).toBeGreaterThan(0);
    const patience = ctx.notices.flatMap((notice) => /waits (.*) at most/.exec(notice)?.[1] ?? []);
    expect(new Set(patience)).toEqual(new Set(['150ms', '1500ms']));
    await blocker`rollback`;
    blocker.release();
    await sql()`drop event trigger telling_patience`;
    expect((await rest).result).toMatchObject({ retired: true });
  });

  test('a type whose rotation is not finished keeps its keys', async () => {
    await sql()`insert into key_rotation_runs (key_type, to_key_id) values ('business', 'business-v2')`;
    expect(await commands.key('retire --key business-v1 --prove')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('takes part in a rotation of business that is not finished'),
    });
    await sql()`delete from key_rotation_runs`;
  });
});

/** Has the server tell, before it waits for any lock, for how long a change of a table may keep others waiting. */
const TELLING_PATIENCE = `
  create function tell_patience() returns event_trigger language plpgsql
    as $$ begin raise notice 'waits % at most', current_setting('lock_timeout'); end $$;
  create event trigger telling_patience on ddl_command_start when tag in ('ALTER TABLE') execute function tell_patience()`;

/** Lets work go on until it says something that matches. */
async function until(work: Work<unknown>, text: RegExp): Promise<void> {
  for (;;) {
    const step = await work.next();
    if (step.done === true) throw new Error(`it ended before it said ${text}`);
    if (text.test('label' in step.value ? step.value.label : step.value.message)) return;
  }
}
