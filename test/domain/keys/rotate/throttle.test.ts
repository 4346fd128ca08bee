import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../../../src/context.ts';
import { fullPace, halfPace } from '../../../../src/domain/keys/rotate/job-pace.ts';
import { createThrottle } from '../../../../src/domain/keys/rotate/throttle.ts';
import { readPressure } from '../../../../src/domain/keys/rotate/throttle-queries.ts';
import type { Pressure } from '../../../../src/domain/keys/rotate/throttle-queries.ts';
import { rotateChunks } from '../../../../src/domain/keys/rotate/rotate-chunks.ts';
import type { Pace } from '../../../../src/domain/keys/rotate/types.ts';
import { driven, testContext } from '../../../support/context.ts';
import { createDatabase } from '../../../support/postgres.ts';
import { waitFor } from '../../../support/wait.ts';
import { FULL_SPEED, useRotation } from './fixture.ts';

/** A clock that stands still but for its sleepers. */
function sleepersClock(): Clock & { slept: number } {
  const clock = {
    slept: 0,
    now: () => new Date(clock.slept),
    monotonicMs: () => clock.slept,
    sleep: async (ms: number) => {
      clock.slept += ms;
    },
  };
  return clock;
}

function throttled(pace: Partial<Pace>) {
  const clock = sleepersClock();
  const signal = new AbortController().signal;
  const throttle = createThrottle({ clock, signal }, { ...FULL_SPEED, ...pace });
  const needs = { clock, signal };
  return { clock, throttle, half: halfPace(needs, throttle), full: fullPace(needs, throttle) };
}

const QUIET: Pressure = { written: 0, replayed: undefined, waiters: 0 };

describe('one job', () => {
  test('does one thing after the other and rests after each as long as it took, unless at full speed', async () => {
    const { clock, half, full } = throttled({});
    const takes = (ms: number) => async () => {
      clock.slept += ms;
    };
    await Promise.all([half.prepare(takes(80)), half.write(takes(30)), half.prepare(takes(5))]);
    expect(clock.slept).toBe(80 + 80 + 30 + 30 + 5);
    await half.write(takes(1));
    expect(clock.slept).toBe(225 + 5 + 1);
    await Promise.all([full.prepare(takes(80)), full.write(takes(30))]);
    expect(clock.slept).toBe(231 + 110);
  });

  test('a piece of work that fails does not stop those behind it', async () => {
    const { half } = throttled({});
    const failing = half.prepare(async () => {
      throw new Error('planted');
    });
    const next = half.prepare(async () => 'done');
    await expect(failing).rejects.toThrow('planted');
    expect(await next).toBe('done');
  });

  test('keeps to so many rows a second over all its stripes', async () => {
    const { clock, throttle } = throttled({ maxRate: 1000 });
    for (let stripe = 0; stripe < 10; stripe += 1) {
      await throttle.turn(0);
      throttle.wrote(500);
    }
    await throttle.turn(0);
    expect(clock.slept).toBe(5000);
  });

  test('stops while a session waits for one of its locks, at full speed too', async () => {
    const { clock, throttle } = throttled({ fullSpeed: true });
    throttle.observe({ ...QUIET, waiters: 1 });
    expect(throttle.pause).toBe('sessions wait for a lock');
    clock.sleep = async (ms) => {
      clock.slept += ms;
      if (clock.slept >= 300) throttle.observe(QUIET);
    };
    await throttle.turn(0);
    expect(clock.slept).toBe(300);
    expect(throttle.pause).toBeUndefined();
  });

  test('pays off what the server wrote beyond the limit, but no more than a few seconds of it', () => {
    const { clock, throttle } = throttled({ maxWal: 1e6 });
    throttle.observe(QUIET);
    clock.slept = 1000;
    throttle.observe({ ...QUIET, written: 3e6 });
    expect(throttle.pause).toBe('the server writes much WAL');
    clock.slept = 2999;
    throttle.observe({ ...QUIET, written: 3e6 });
    expect(throttle.pause).toBeDefined();
    clock.slept = 3000;
    throttle.observe({ ...QUIET, written: 3e6 });
    expect(throttle.pause).toBeUndefined();
    clock.slept = 3100;
    throttle.observe({ ...QUIET, written: 3e9 });
    clock.slept = 8100;
    throttle.observe({ ...QUIET, written: 3e9 });
    expect(throttle.pause).toBeUndefined();
  });

  test('tells a lag by when the server itself was where the standby is now', () => {
    const { clock, throttle } = throttled({ maxLagMs: 2000 });
    for (let second = 0; second <= 10; second += 1) {
      clock.slept = second * 1000;
      throttle.observe({ ...QUIET, written: second * 100, replayed: Math.max(0, second - 1) * 100 });
    }
    expect(throttle.lagMs).toBe(0);
    clock.slept = 14_000;
    throttle.observe({ ...QUIET, written: 1400, replayed: 950 });
    expect(throttle.lagMs).toBe(4000);
    expect(throttle.pause).toBe('a standby or slot lags');
    throttle.observe({ ...QUIET, written: 1400, replayed: 1400 });
    expect(throttle.lagMs).toBe(0);
    expect(throttle.pause).toBeUndefined();
  });
});

describe('on a server', () => {
  const fixture = useRotation();
  beforeAll(async () => fixture.prepare());

  test('a session that waits for a lock of the row work counts, one that waits for another does not', async () => {
    const { database, addUsers } = fixture;
    const [id] = await addUsers(1);
    const ctx = testContext(database.current.url);
    const [holder, waiter, control] = await Promise.all([
      ctx.db.open({ purpose: 'rows' }),
      ctx.db.open({ purpose: 'waiter' }),
      ctx.db.session(),
    ]);
    await holder.sql`begin`.simple();
    await holder.sql`select from users where id = ${id!} for update`;
    const waiting = waiter.sql`select from users where id = ${id!} for update`.execute();
    await waitFor(async () => (await readPressure(control, 'ordersync test (rows)')).waiters === 1, 'a waiter');
    expect((await readPressure(control, 'ordersync test (others)')).waiters).toBe(0);
    await holder.sql`rollback`.simple();
    await waiting;
    expect((await readPressure(control, 'ordersync test (rows)')).waiters).toBe(0);
  });

  test('a rotation of another database of the server counts there, and not here', async () => {
    const other = await createDatabase();
    onTestFinished(async () => other.drop());
    await other.sql`create table users (id integer)`;
    const here = await testContext(fixture.database.current.url).db.session();
    const there = testContext(other.url);
    const [holder, waiter, control] = await Promise.all([
      there.db.open({ purpose: 'rows' }),
      there.db.open({ purpose: 'waiter' }),
      there.db.session(),
    ]);
    await holder.sql`begin`.simple();
    await holder.sql`lock table users`.simple();
    const waiting = waiter.sql`select from users`.execute();
    await waitFor(async () => (await readPressure(control, 'ordersync test (rows)')).waiters === 1, 'a waiter');
    expect((await readPressure(here, 'ordersync test (rows)')).waiters).toBe(0);
    await holder.sql`rollback`.simple();
    await waiting;
  });

  test('at most the rows that the rate allows are written in a statement, and no faster', async () => {
    const { begin, addUsers, countPending } = fixture;
    await addUsers(300);
    const rotation = await begin('pii', ['users']);
    const { clock } = rotation.needs;
    const begun = clock.monotonicMs();
    const { result } = await driven(
      rotateChunks(rotation.needs, rotation.request({ pace: { ...FULL_SPEED, maxRate: 150 } })),
    );
    expect(result.rows).toBe(301);
    // By construction, on a machine of any speed: the last statement, of at most 37 rows, begins when the 264 before it are
    // due at 150 a second, by the clock that is read here, and no timer fires before its time.
    expect(clock.monotonicMs() - begun).toBeGreaterThan(1500);
    expect(await countPending(rotation)).toBe(0);
  });
});
