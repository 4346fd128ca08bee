import postgres from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import { ensureMonths } from '../../../src/domain/partitions/ensure/apply.ts';
import { createChanger } from '../../../src/domain/partitions/attempts.ts';
import { spanOf } from '../../../src/domain/partitions/ensure/plan.ts';
import type { Work } from '../../../src/context.ts';
import { testContext } from '../../support/context.ts';
import { addNotification, addOrder, addPayment, addRestaurant, addUser } from '../../schema/rows.ts';
import { sqlstateOf, useSchema } from '../../support/schema.ts';
import { waitFor } from '../../support/wait.ts';

/** Far more than a month takes, so that the promise holds on a machine that is busy with other tests. */
const LOCK_TIMEOUT_MS = 20_000;
/** To that as the server's default of 1 s is to the default of 150 ms: in a deadlock it is the change that gives way. */
const DEADLOCK_TIMEOUT_MS = (LOCK_TIMEOUT_MS / 150) * 1000;
const TABLES = ['orders', 'payments', 'audit_logs', 'notification_logs'];
const database = useSchema();

test('24 months of four tables are made under load, and no reader or writer waits longer than lock_timeout', async () => {
  const owner = database.current.as('owner');
  const user = await addUser(owner);
  const restaurant = await addRestaurant(owner, user);
  const shop = load({
    'a reader of orders': (sql) => sql`select count(*) from orders where id >= uuid_v7_floor(now() - interval '1 day')`,
    'a reader of users': (sql) => sql`select id from users where id = ${user}`,
    'a reader of payments': (sql) =>
      sql`select count(*) from payments where id >= uuid_v7_floor(now() - interval '1 day')`,
    'a writer of orders and payments': async (sql) => addPayment(sql, await addOrder(sql, restaurant)),
    'a writer of notification_logs': (sql) => addNotification(sql, { recipient_id: user }),
    'a writer of users': (sql) => sql`update users set last_login_at = now() where id = ${user}`,
    'a writer of audit_logs': (sql) => sql`
      insert into audit_logs (trace_id, action, resource_type, ip_address_encrypted, ip_key_id, success)
      values ('0123456789abcdef0123456789abcdef', 'LOGIN', 'User', 'none', 'none', true)`,
  });

  const url = database.current.urlFor({ user: 'schema_owner', password: 'schema' });
  const ctx = testContext(url);
  const changer = createChanger(ctx, await ctx.db.session(), { lockTimeoutMs: LOCK_TIMEOUT_MS, retries: 200 });
  const request = { tables: [], span: spanOf(new Date(), { ahead: 27 }) };
  const result = await amid(ensureMonths(changer, request, 0), shop);
  const failed = await shop.stop();

  expect(result.map(({ table, created, problem }) => ({ table, created: created.length, problem }))).toEqual(
    TABLES.map((table) => ({ table, created: 24, problem: undefined })),
  );
  expect(failed).toEqual(Object.fromEntries(Object.keys(failed).map((who) => [who, []])));
}, 600_000);

test('an attempt that has held its locks for longer than it may is given up, and nothing is made', async () => {
  const owner = database.current.as('owner');
  const months = () => owner`select inhrelid from pg_inherits where inhparent = 'orders'::regclass order by 1`;
  const before = await months();
  const ensuring = owner.begin(async (transaction) => {
    // Less than no time: too much has passed, on a machine of any speed.
    await transaction`set local ordersync.longest_lock = '-1 ms'`;
    const month = `(now() + interval '28 months')::date`;
    await transaction.unsafe(`select from ensure_month_partitions('orders', ${month}, ${month})`);
  });
  expect(await sqlstateOf(ensuring)).toBe('55P03');
  expect(await months()).toEqual(before);
});

type Shop = ReturnType<typeof load>;

/** Drives the work; after each month everybody at work in the shop gets through, before the next one is begun. */
async function amid<Result>(work: Work<Result>, shop: Shop): Promise<Result> {
  for (;;) {
    const step = await work.next();
    if (step.done === true) return step.value;
    if (step.value.kind === 'progress') await shop.everybodyGetsThrough();
  }
}

/**
 * Runs each statement again and again on a connection of its own, whose own lock_timeout is the promise: the server itself
 * fails a statement that a lock keeps waiting for longer. A clock in this process would measure how busy the machine is.
 */
function load(statements: Readonly<Record<string, (sql: postgres.Sql) => PromiseLike<unknown>>>) {
  const stopping = new AbortController();
  const workers = Object.entries(statements).map(([who, statement]) => {
    const worker = { who, done: 0, failed: [] as string[] };
    return { worker, running: repeat(worker, statement, stopping.signal) };
  });
  const stop = async (): Promise<Readonly<Record<string, readonly string[]>>> => {
    stopping.abort();
    await Promise.all(workers.map(({ running }) => running));
    return Object.fromEntries(workers.map(({ worker: { who, failed } }) => [who, failed]));
  };
  onTestFinished(async () => void (await stop()));
  /** Twice: the first may have been through with its lock already. */
  const everybodyGetsThrough = async (): Promise<void> => {
    const before = workers.map(({ worker }) => worker.done);
    await waitFor(() => workers.every(({ worker }, index) => worker.done >= before[index]! + 2), 'everybody to go on');
  };
  return { stop, everybodyGetsThrough };
}

async function repeat(
  worker: { done: number; readonly failed: string[] },
  statement: (sql: postgres.Sql) => PromiseLike<unknown>,
  stopping: AbortSignal,
): Promise<void> {
  const sql = postgres(database.current.url, {
    max: 1,
    connection: { lock_timeout: LOCK_TIMEOUT_MS, deadlock_timeout: Math.round(DEADLOCK_TIMEOUT_MS) },
  });
  while (!stopping.aborted) {
    await Promise.resolve(statement(sql)).catch((error: unknown) => worker.failed.push(String(error)));
    worker.done += 1;
  }
  await sql.end();
}
