import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/context.ts';
import {
  acquireLock,
  describeHolder,
  lockHolder,
  lockKeys,
  LOCK_CLASS,
  tryLock,
  type LockHolder,
} from '../../src/db/lock.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { useDatabase } from '../support/postgres.ts';
import { useSessions } from './sessions.ts';

const database = useDatabase();
const sessions = useSessions();

/** A clock that stands still until someone sleeps; what happens meanwhile is up to the test. */
function fakeClock(onSleep: (ms: number) => void | Promise<void> = () => {}): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  let now = 0;
  return {
    slept,
    now: () => new Date(now),
    monotonicMs: () => now,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
      await onSleep(ms);
    },
  };
}

describe('a named lock', () => {
  it('is held by one session at a time, and names its holder', async () => {
    const holder = await sessions.open(database.current.url, { applicationName: 'ordersync migrate up' });
    const waiter = await sessions.open(database.current.url);
    const lock = await acquireLock({ session: holder, clock: fakeClock() }, { name: 'migrate' });
    expect(await tryLock(waiter, 'migrate')).toBe(false);
    expect(await tryLock(waiter, 'another')).toBe(true);
    expect(await lockHolder(waiter, 'migrate')).toMatchObject({
      pid: holder.server.pid,
      application: 'ordersync migrate up',
      user: 'postgres',
      state: 'idle',
    });
    await expect(acquireLock({ session: waiter, clock: fakeClock() }, { name: 'migrate' })).rejects.toMatchObject({
      code: 'lock_held',
      message: expect.stringContaining(
        `the lock "migrate" is held by pid ${holder.server.pid} (ordersync migrate up, postgres@127.0.0.1, idle for 00:`,
      ),
    });
    await lock.release();
    await lock.release();
    expect(await tryLock(waiter, 'migrate')).toBe(true);
    expect(await lockHolder(holder, 'none')).toBeUndefined();
  });

  it('is waited for with growing pauses, without a transaction, until it is free', async () => {
    const holder = await sessions.open(database.current.url);
    const waiter = await sessions.open(database.current.url);
    const held = await acquireLock({ session: holder, clock: fakeClock() }, { name: 'migrate' });
    const announced: (LockHolder | undefined)[] = [];
    const clock = fakeClock(async () => {
      const [row] =
        await holder.sql`select state, backend_xmin is null as free from pg_stat_activity where pid = ${waiter.server.pid}`;
      expect(row).toEqual({ state: 'idle', free: true });
      if (clock.slept.length === 8) await held.release();
    });
    const lock = await acquireLock(
      { session: waiter, clock, random: () => 1 },
      { name: 'migrate', waitMs: 60_000, onWait: (by) => announced.push(by) },
    );
    expect(clock.slept).toEqual([50, 100, 200, 400, 800, 1000, 1000, 1000]);
    expect(announced).toMatchObject([{ pid: holder.server.pid }]);
    await lock.release();
  });

  it('is given up after the time allowed, and at an interrupt', async () => {
    const holder = await sessions.open(database.current.url);
    const waiter = await sessions.open(database.current.url);
    await acquireLock({ session: holder, clock: fakeClock() }, { name: 'migrate' });
    const clock = fakeClock();
    await expect(
      acquireLock({ session: waiter, clock, random: () => 0 }, { name: 'migrate', waitMs: 1000 }),
    ).rejects.toMatchObject({ code: 'lock_held' });
    expect(clock.slept.reduce((sum, ms) => sum + ms, 0)).toBe(1000);
    const controller = new AbortController();
    const interrupted = acquireLock(
      { session: waiter, clock: fakeClock(() => controller.abort(new Error('interrupted'))) },
      { name: 'migrate', waitMs: 1000, signal: controller.signal },
    );
    await expect(interrupted).rejects.toThrow('interrupted');
  });

  it('is free again when its holder is gone', async () => {
    const holder = await sessions.open(database.current.url);
    const lock = await acquireLock({ session: holder, clock: fakeClock() }, { name: 'migrate' });
    await database.current.sql`select pg_terminate_backend(${holder.server.pid}, 10000)`;
    const next = await sessions.open(database.current.url);
    expect(await tryLock(next, 'migrate')).toBe(true);
    await lock.release();
  });

  it('has keys that never change', () => {
    expect(lockKeys('migrate')).toEqual([LOCK_CLASS, 501_481_681]);
    expect(LOCK_CLASS).toBe(1_330_859_083);
  });

  it('is described even when its holder may not be seen', () => {
    const hidden = { pid: 7, application: '', user: 'min', client: null, state: null, ageSeconds: null };
    expect(describeHolder(hidden)).toBe('pid 7 (unnamed, min)');
    expect(describeHolder({ ...hidden, client: '10.0.0.7', state: 'active', ageSeconds: 3723.9 })).toBe(
      'pid 7 (unnamed, min@10.0.0.7, active for 01:02:03)',
    );
  });
});

describe('a transaction', () => {
  it('keeps all of its work or nothing', async () => {
    const session = await sessions.open(database.current.url);
    await session.sql`create table ledger (id int4 primary key)`;
    expect(
      await inTransaction(session, async () => (await session.sql`insert into ledger (id) values (1)`).count),
    ).toBe(1);
    const failing = inTransaction(session, async () => {
      await session.sql`insert into ledger (id) values (2)`;
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    const readOnly = inTransaction(session, async () => session.sql`insert into ledger (id) values (3)`, 'read only');
    await expect(readOnly).rejects.toMatchObject({ code: '25006' });
    expect((await session.sql`select id from ledger`).map(({ id }) => id as number)).toEqual([1]);
  });

  it('whose commit became a rollback is an error', async () => {
    const session = await sessions.open(database.current.url);
    const swallowed = inTransaction(session, async () => {
      await session.sql`select 1 / 0`.catch(() => undefined);
    });
    await expect(swallowed).rejects.toMatchObject({ code: 'precondition' });
  });
});
