import { describe, expect, it } from 'vitest';
import type { BlindIndexPurpose } from '../../../src/crypto/blind-index.ts';
import { loadDatabaseKeys } from '../../../src/domain/encryption/database-keys.ts';
import { ENCRYPTED_TABLES, NO_ADDRESS } from '../../../src/domain/encryption/registry.ts';
import { PLANTED } from '../../../src/domain/seed/planted.ts';
import { SEED_TABLES } from '../../../src/domain/seed/tables.ts';
import { useKeyring } from '../../support/key-store.ts';
import { useSchema } from '../../support/schema.ts';
import { makeKeys, ownerContext, readPlainRows, REQUEST, seed } from './fixture.ts';

/** One database for the whole file: the first test fills it, as the schema's owner; the others look. */
const database = useSchema();
const keyring = useKeyring();
const until = REQUEST.until.toISOString();

const countOf = async (rows: string): Promise<number> => {
  const [row] = await database.current.sql.unsafe<{ count: number }[]>(`select count(*)::int as count from ${rows}`);
  return row?.count ?? -1;
};

it('fills every table as the ordinary owner of the schema, and says how much', async () => {
  const ctx = ownerContext(database.current, keyring);
  await makeKeys(ctx);
  const { tables, createdMonths, decrypted } = await seed(ctx);
  expect(tables.map(({ name }) => name)).toEqual(SEED_TABLES.map(({ name }) => name));
  for (const { name, rows, bytes } of tables) {
    const exempt = name === 'audit_logs' ? `where action <> 'CREATE_KEY'` : '';
    expect(await countOf(`${name} ${exempt}`)).toBe(rows);
    expect(rows).toBeGreaterThan(0);
    expect(bytes).toBeGreaterThan(0n);
  }
  expect(createdMonths).toBeGreaterThanOrEqual(4 * 3);
  expect(decrypted).toBeGreaterThan(300);
  expect(await countOf('payment_current_state')).toBeGreaterThan(0);
});

describe('between the rows', () => {
  it.each([
    ['no order misses its sum', 'orders where total_amount <> subtotal - discount_amount + tax_amount'],
    [
      'no order costs something else than its items',
      `orders left join lateral (select sum(quantity * unit_price) as sum from order_items where order_id = orders.id) items
         on true where items.sum is distinct from subtotal`,
    ],
    [
      'no item is of another restaurant',
      `order_items join orders on orders.id = order_id join menus on menus.id = menu_id
        where menus.restaurant_id <> orders.restaurant_id`,
    ],
    ['no order lists a menu twice', '(select from order_items group by order_id, menu_id having count(*) > 1) twice'],
    [
      'no history tells another story than its order',
      `orders join lateral (
         select string_agg(new_status, ' ' order by created_at) as told, count(*) as steps, max(created_at) as last_at
           from order_status_history where order_id = orders.id) history on true
        where split_part(told, ' ', -1) <> status or steps <> version
           or last_at <> coalesce(cancelled_at, completed_at, ready_at, preparing_at, accepted_at, created_at)
           or told not in ('PENDING', 'PENDING ACCEPTED', 'PENDING ACCEPTED PREPARING', 'PENDING ACCEPTED PREPARING READY',
                           'PENDING ACCEPTED PREPARING READY COMPLETED', 'PENDING CANCELLED', 'PENDING ACCEPTED CANCELLED')`,
    ],
    [
      'no history breaks',
      `(select old_status, lag(new_status) over (partition by order_id order by created_at) as before
          from order_status_history) steps where old_status is distinct from before`,
    ],
    [
      'no order runs backwards',
      `orders where not (created_at <= coalesce(accepted_at, created_at)
         and coalesce(accepted_at, created_at) <= coalesce(preparing_at, 'infinity')
         and coalesce(preparing_at, created_at) <= coalesce(ready_at, 'infinity')
         and coalesce(ready_at, created_at) <= coalesce(completed_at, 'infinity'))`,
    ],
    ['no order is anonymous by half', 'orders where (customer_id is null) <> (anonymous_token is not null)'],
    ['no token is stored but as a hash', `orders where anonymous_token !~ '^[0-9a-f]{64}$'`],
    [
      'no payment is of another amount or time than its order',
      `payments join orders on orders.id = order_id where amount <> total_amount or payments.created_at < orders.created_at`,
    ],
    [
      'no payment has run backwards',
      `payments where coalesce(authorized_at, created_at) < created_at or captured_at < coalesce(authorized_at, created_at)`,
    ],
    [
      'no payment lacks its key, and no key its payment',
      `payments full join payment_order_keys keys on keys.payment_id = payments.id
        where payments.order_id is distinct from keys.order_id`,
    ],
    [
      'no completed order is unpaid',
      `orders left join payments on payments.order_id = orders.id
        where orders.status = 'COMPLETED' and payments.status is distinct from 'CAPTURED'
          and not (payment_method = 'CASH' and completed_at > timestamptz '${until}' - interval '5 seconds')`,
    ],
    [
      'no captured payment of a cancelled order is kept',
      `orders join payments on payments.order_id = orders.id
        left join payment_refunds on payment_refunds.payment_id = payments.id
        where orders.status = 'CANCELLED' and payments.status = 'CAPTURED' and payment_refunds.amount is distinct from payments.amount
          and cancelled_at < timestamptz '${until}' - interval '2 minutes'`,
    ],
    [
      'no refund exceeds its payment',
      `(select payment_id, sum(amount) as sum from payment_refunds group by payment_id) refunds
        join payments on payments.id = payment_id where sum > payments.amount or payments.status <> 'CAPTURED'`,
    ],
    [
      'no event disagrees with its payment',
      `payments left join payment_current_state state on state.payment_id = payments.id
        where (status = 'CAPTURED') <> (coalesce(captured_amount, 0) = amount and amount > 0)`,
    ],
    [
      'no session began before its user',
      'user_sessions join users on users.id = user_id where user_sessions.created_at < users.created_at',
    ],
    [
      'no customer ordered before signing up',
      'orders join users on users.id = customer_id where orders.created_at < users.created_at',
    ],
    [
      'no order is older than its restaurant',
      'orders join restaurants on restaurants.id = restaurant_id where orders.created_at < restaurants.created_at',
    ],
    [
      'no audit row is older than its user',
      'audit_logs join users on users.id = user_id where audit_logs.created_at < users.created_at',
    ],
    [
      'no last log-in is another than the last',
      `users left join lateral (
         select max(created_at) as at from audit_logs where user_id = users.id and action = 'LOGIN' and success) last on true
        where last.at is distinct from last_login_at`,
    ],
    [
      'no log-in of the last days lacks its attempt',
      `audit_logs left join login_attempts attempts
         on attempts.created_at = audit_logs.created_at and attempts.ip_hash = audit_logs.ip_hash
        where action = 'LOGIN' and audit_logs.created_at > timestamptz '${until}' - interval '30 days'
          and attempts.success is distinct from audit_logs.success`,
    ],
    [
      'no menu has sold another number today',
      `menus left join lateral (
         select sum(quantity) as sold from order_items join orders on orders.id = order_id
          where menu_id = menus.id and orders.status <> 'CANCELLED'
            and orders.created_at >= date_trunc('day', timestamptz '${until}' at time zone 'Asia/Seoul') at time zone 'Asia/Seoul'
       ) today on true where sold_count <> coalesce(sold, 0) or sold_count > daily_limit`,
    ],
    [
      'no notification was delivered before it was sent',
      'notification_logs where sent_at < created_at or delivered_at < sent_at',
    ],
    [
      'no owner is another than an owner',
      `restaurants join users on users.id = owner_id where role <> 'RESTAURANT_OWNER'`,
    ],
  ])('%s', async (_promise, offenders) => {
    expect(await countOf(offenders)).toBe(0);
  });

  it('nothing happened after the end, nor before the first month', async () => {
    for (const { name, columns } of SEED_TABLES) {
      const column = columns.includes('created_at') ? 'created_at' : 'timestamp';
      const exempt = name === 'audit_logs' ? `and action <> 'CREATE_KEY'` : '';
      expect([name, await countOf(`${name} where ${column} > '${until}' ${exempt}`)]).toEqual([name, 0]);
    }
    for (const name of ['orders', 'payments', 'audit_logs', 'notification_logs'])
      expect([name, await countOf(`${name} where created_at < '2026-01-01T00:00Z'`)]).toEqual([name, 0]);
  });

  it('every month has its rows, and no catch-all has any', async () => {
    for (const name of ['orders', 'payments', 'audit_logs', 'notification_logs']) {
      for (const month of ['2026m01', '2026m02', '2026m03'])
        expect([name, month, (await countOf(`${name}_y${month}`)) > 0]).toEqual([name, month, true]);
      expect([
        name,
        await countOf(`${name}_underflow`),
        await countOf(`${name}_overflow where created_at < now() - interval '1 day'`),
      ]).toEqual([name, 0, 0]);
    }
  });

  it('some orders are waiting, some cooking, some ready', async () => {
    const rows = await database.current.sql`select distinct status from orders order by status`;
    expect(rows.map(({ status }) => String(status))).toEqual(
      expect.arrayContaining(['PENDING', 'ACCEPTED', 'PREPARING', 'READY', 'COMPLETED', 'CANCELLED']),
    );
  });

  it('the audit triggers are awake again', async () => {
    const rows = await database.current.sql`
      select tgname, tgenabled from pg_trigger where tgname in ('trigger_audit_users', 'trigger_audit_payments')`;
    expect(rows.length).toBeGreaterThan(4); // one on each partition too
    expect(rows.every(({ tgenabled }) => tgenabled === 'O')).toBe(true);
  });
});

describe('in every encrypted pair', () => {
  it('each value decrypts, and names the key that is beside it', async () => {
    const ctx = ownerContext(database.current, keyring);
    for (const { name, pairs } of ENCRYPTED_TABLES) {
      const rows = await readPlainRows(ctx, name);
      for (const { value, key, keyType, mayBeNone } of pairs) {
        const values = rows.map((row) => row[value]).filter((text) => text !== null && text !== NO_ADDRESS);
        expect([name, value, values.length > 0]).toEqual([
          name,
          value,
          name !== 'audit_logs_archive' || !/_value_/u.test(value),
        ]);
        const none = mayBeNone ? `or (${value} = 'none' and ${key} = 'none')` : '';
        const wrong = `${name} where not (${value} is null and ${key} is null or ${value} like 'os1!_%' escape '!' and ${key} = '${keyType}-v1' ${none})`;
        expect([name, value, await countOf(wrong)]).toEqual([name, value, 0]);
      }
    }
  });

  it('each hash is the keyed hash of the value beside it', async () => {
    const ctx = ownerContext(database.current, keyring);
    const session = await ctx.db.session();
    const keys = await loadDatabaseKeys(session.sql, async () => ctx.keys());
    for (const { name, pairs } of ENCRYPTED_TABLES) {
      for (const { value, blindIndex } of pairs) {
        if (blindIndex === undefined) continue;
        const index = await keys.blindIndex(blindIndex.purpose as BlindIndexPurpose);
        const plain = await readPlainRows(ctx, name);
        const stored = await session.sql<{ id: string; hash: string | null }[]>`
          select id::text, ${session.sql(blindIndex.column)} as hash from ${session.sql(name)}`;
        const hashes = new Map(stored.map(({ id, hash }) => [id, hash]));
        for (const row of plain) {
          const text = row[value];
          const expected = text === NO_ADDRESS ? null : index(String(text));
          expect(hashes.get(String(row['id']))).toBe(expected);
        }
      }
    }
  });

  it('no e-mail address, name or number is in the clear anywhere', async () => {
    const people = await readPlainRows(ownerContext(database.current, keyring), 'users');
    const secrets = people
      .slice(0, 40)
      .flatMap((row) => [row['email_encrypted'], row['phone_encrypted']].filter(Boolean));
    for (const { name } of SEED_TABLES) {
      const rows = await database.current.sql.unsafe<{ line: string }[]>(`select ${name}::text as line from ${name}`);
      const text = rows.map(({ line }) => line).join('\n');
      for (const secret of secrets) expect([name, text.includes(String(secret))]).toEqual([name, false]);
    }
  });
});

describe('the specification’s security queries, at the end of the data', () => {
  it('find the one account under attack', async () => {
    const rows = await database.current.sql`
      select email_hash, count(*)::int as failed from login_attempts
      where not success and created_at > ${until}::timestamptz - interval '1 hour'
      group by email_hash having count(*) >= 5`;
    expect(rows.map(({ failed }) => Number(failed))).toEqual([PLANTED.bruteForce.failures]);
    const [locked] = await database.current.sql`
      select failed_login_count, locked_until > ${until}::timestamptz as locked from users
      where email_hash = ${String(rows[0]?.['email_hash'])}`;
    expect(locked).toEqual({ failed_login_count: PLANTED.bruteForce.lockedAt, locked: true });
  });

  it('find the busy address, and those of the stuffing that met customers', async () => {
    const rows = await database.current.sql`
      select count(distinct user_id)::int as users, count(*)::int as requests from audit_logs
      where created_at > ${until}::timestamptz - interval '1 hour' and ip_hash is not null
      group by ip_hash having count(distinct user_id) >= 10 order by requests desc`;
    const { busyAddress, stuffing } = PLANTED;
    expect(rows.filter(({ users }) => Number(users) > 10)).toHaveLength(1);
    expect(rows[0]).toEqual({ users: busyAddress.users, requests: busyAddress.logins * 2 });
    const others = rows.slice(1).map(({ users }) => Number(users));
    expect(others.length).toBe(stuffing.ips.length);
    expect(others.reduce((sum, users) => sum + users, 0)).toBe(stuffing.customers);
  });

  it('find the stuffing by its many accounts, and the takeover by its success', async () => {
    const stuffed = await countOf(
      `(select email_hash from login_attempts where created_at > timestamptz '${until}' - interval '1 hour'
         group by email_hash having count(*) = 1 and bool_and(not success)) once`,
    );
    expect(stuffed).toBe(PLANTED.stuffing.accounts);
    const taken = await countOf(
      `(select email_hash from login_attempts where created_at > timestamptz '${until}' - interval '1 hour'
         group by email_hash
        having count(*) filter (where not success) = ${PLANTED.takeover.failures} and bool_or(success)) taken`,
    );
    expect(taken).toBe(1);
  });

  it('find the permission changes of the last day', async () => {
    const rows = await database.current.sql`
      select changes ? 'role' as role, changes -> 'role' ->> 'new' as now_is, users.role as is
      from audit_logs join users on users.id::text = resource_id
      where action = 'UPDATE_PERMISSIONS' and audit_logs.created_at > ${until}::timestamptz - interval '24 hours'
      order by audit_logs.created_at`;
    expect(rows).toHaveLength(PLANTED.permissionChanges);
    expect(rows.at(-1)).toEqual({ role: true, now_is: 'ADMIN', is: 'ADMIN' });
  });
});
