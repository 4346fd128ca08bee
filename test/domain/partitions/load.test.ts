import postgres from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import { ensureMonths } from '../../../src/domain/partitions/ensure/apply.ts';
import { createChanger } from '../../../src/domain/partitions/attempts.ts';
import { spanOf } from '../../../src/domain/partitions/ensure/plan.ts';
import { driven, testContext } from '../../support/context.ts';
import { addNotification, addOrder, addPayment, addRestaurant, addUser } from '../../schema/rows.ts';
import { useSchema } from '../../support/schema.ts';

/** The default; more on a machine that is too busy with other tests to make one month in a tenth of it. */
const LOCK_TIMEOUT_MS = 150;
const TABLES = ['orders', 'payments', 'audit_logs', 'notification_logs'];
const database = useSchema();

test('24 months of four tables are made under load, and no reader or writer waits longer than lock_timeout', async () => {
  const owner = database.current.as('owner');
  const user = await addUser(owner);
  const restaurant = await addRestaurant(owner, user);
  const lockTimeoutMs = Math.max(LOCK_TIMEOUT_MS, 10 * (await timeOfOneMonth()));
  const stalls = load(lockTimeoutMs, {
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
  const changer = createChanger(ctx, await ctx.db.session(), { lockTimeoutMs, retries: 200 });
  const request = { tables: [], span: spanOf(new Date(), { ahead: 28 }) };
  const { result } = await driven(ensureMonths(changer, request, 0));
  const waited = await stalls.stop();

  expect(result.map(({ table, created, problem }) => ({ table, created: created.length, problem }))).toEqual(
    TABLES.map((table) => ({ table, created: 24, problem: undefined })),
  );
  for (const [who, { statements, failed }] of Object.entries(waited)) {
    expect({ who, failed }).toEqual({ who, failed: [] });
    expect(statements).toBeGreaterThan(100);
  }
}, 120_000);

/** Mean milliseconds to make a month of one table, with nobody else at work in this database. */
async function timeOfOneMonth(): Promise<number> {
  const start = performance.now();
  await database.current.as('owner')`
    select from unnest(array['orders', 'payments', 'audit_logs', 'notification_logs']::regclass[]) parent
    cross join lateral ensure_month_partitions(
      parent, (now() + interval '4 months')::date, (now() + interval '4 months')::date)`;
  return Math.ceil((performance.now() - start) / 4);
}

interface Waited {
  readonly statements: number;
  readonly failed: readonly string[];
}

/**
 * Runs each statement again and again on a connection of its own, whose own lock_timeout is the promise: the server itself
 * fails a statement that a lock keeps waiting for longer. A clock in this process would measure how busy the machine is.
 */
function load(lockTimeoutMs: number, work: Readonly<Record<string, (sql: postgres.Sql) => PromiseLike<unknown>>>) {
  const stopping = new AbortController();
  const running = Object.entries(work).map(async ([who, statement]): Promise<[string, Waited]> => {
    const sql = postgres(database.current.url, { max: 1, connection: { lock_timeout: lockTimeoutMs } });
    const failed: string[] = [];
    let statements = 0;
    while (!stopping.signal.aborted) {
      await Promise.resolve(statement(sql)).catch((error: unknown) => failed.push(String(error)));
      statements += 1;
    }
    await sql.end();
    return [who, { statements, failed }];
  });
  const stop = async (): Promise<Readonly<Record<string, Waited>>> => {
    stopping.abort();
    return Object.fromEntries(await Promise.all(running));
  };
  onTestFinished(async () => void (await stop()));
  return { stop };
}
