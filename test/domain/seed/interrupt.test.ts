import { describe, expect, test } from 'vitest';
import type { ProgressEvent } from '../../../src/context.ts';
import { OrdersyncError } from '../../../src/errors.ts';
import { planSeed } from '../../../src/domain/seed/plan.ts';
import { runSeed } from '../../../src/domain/seed/seed.ts';
import { SEED_TABLES } from '../../../src/domain/seed/tables.ts';
import type { TestContext } from '../../support/context.ts';
import { useKeyring } from '../../support/key-store.ts';
import { useSchema } from '../../support/schema.ts';
import { makeKeys, ownerContext, REQUEST, seed } from './fixture.ts';

const database = useSchema();
const keyring = useKeyring();

/** Runs a seed and does something at the first event that fits. */
async function disturb(
  ctx: TestContext,
  fits: (event: ProgressEvent) => boolean,
  act: () => unknown,
): Promise<{ events: number }> {
  let events = 0;
  let acted = false;
  const work = runSeed(ctx, await planSeed(ctx, { ...REQUEST, rows: 8000 }));
  for (;;) {
    const step = await work.next();
    if (step.done === true) return { events };
    events += 1;
    if (acted || !fits(step.value)) continue;
    acted = true;
    await act();
  }
}

/** What is left: names of tables that hold rows, and of triggers that are still disabled. */
async function leftovers(): Promise<string[]> {
  const { sql } = database.current;
  const left: string[] = [];
  for (const { name } of [...SEED_TABLES, { name: 'payment_order_keys' }]) {
    const rows = await sql.unsafe(
      `select from ${name} ${name === 'audit_logs' ? `where action <> 'CREATE_KEY'` : ''} limit 1`,
    );
    if (rows.length > 0) left.push(name);
  }
  const triggers = await sql`select tgname from pg_trigger where tgenabled = 'D'`;
  return [...left, ...triggers.map(({ tgname }) => String(tgname))];
}

const loading =
  (table: string) =>
  (event: ProgressEvent): boolean =>
    event.kind === 'progress' && event.detail === table;
const verifying = (event: ProgressEvent): boolean => event.kind === 'phase' && event.message === 'verifying';

describe('an interrupted seed leaves nothing behind', () => {
  test.each([
    ['in the middle of a table', loading('audit_logs')],
    ['in the first table', loading('users')],
    ['before it is verified', verifying],
  ])('%s', async (_when, fits) => {
    const ctx = ownerContext(database.current, keyring);
    await makeKeys(ctx);
    const interruption = new OrdersyncError('interrupted', 'interrupted by SIGINT', { signal: 'SIGINT' });
    const disturbed = disturb(ctx, fits, () => ctx.abort(interruption));
    await expect(disturbed).rejects.toMatchObject({
      code: 'interrupted',
      message: 'interrupted by SIGINT; nothing was kept',
      details: { signal: 'SIGINT' },
    });
    const session = await ctx.db.session();
    expect(await session.sql`select 1 as one`).toEqual([{ one: 1 }]);
    expect(await leftovers()).toEqual([]);
  });

  test('when its consumer fails between two events', async () => {
    const ctx = ownerContext(database.current, keyring);
    const work = runSeed(ctx, await planSeed(ctx, { ...REQUEST, rows: 8000 }));
    for (let step = await work.next(); step.done !== true; step = await work.next()) {
      if (loading('payments')(step.value)) break;
    }
    await work.return(undefined as never); // nobody asks for its result
    expect(await leftovers()).toEqual([]);
  });

  test('when the server ends its session', async () => {
    const ctx = ownerContext(database.current, keyring);
    const { server } = await ctx.db.session();
    const end = async () => database.current.sql`select pg_terminate_backend(${server.pid}, 10000)`;
    await expect(disturb(ctx, loading('orders'), end)).rejects.toMatchObject({ code: 'connection' });
    expect(await leftovers()).toEqual([]);
  });

  test('when another session wrote into a table meanwhile: that row stays, and is told of', async () => {
    const ctx = ownerContext(database.current, keyring);
    const write = async () =>
      database.current.sql`insert into security_metrics (metric_type, value) values ('mine', 1)`;
    await expect(disturb(ctx, loading('orders'), write)).rejects.toMatchObject({
      code: 'unhealthy',
      details: { body: [expect.stringMatching(/^security_metrics has \d+ rows instead of \d+$/u)] },
    });
    expect(await database.current.sql`delete from security_metrics returning metric_type`).toHaveLength(1);
    expect(await leftovers()).toEqual([]);
  });

  test('while it still counts the rows of ten million', async () => {
    const ctx = ownerContext(database.current, keyring);
    const interruption = new OrdersyncError('interrupted', 'interrupted by SIGINT', { signal: 'SIGINT' });
    setTimeout(() => ctx.abort(interruption), 500);
    await expect(planSeed(ctx, { ...REQUEST, rows: 10_000_000 })).rejects.toBe(interruption);
    expect(await leftovers()).toEqual([]);
  });

  test('and the next one succeeds', async () => {
    const { tables } = await seed(ownerContext(database.current, keyring), { rows: 5000 });
    expect(tables).toHaveLength(SEED_TABLES.length);
  });
});
