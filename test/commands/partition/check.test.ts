import { beforeEach, describe, expect, test } from 'vitest';
import {
  addAuditLog,
  addNotification,
  addOrder,
  addOrderItem,
  addMenu,
  addRestaurant,
  addUser,
} from '../../schema/rows.ts';
import { monthFromNow, nameIn, usePartitionCommands } from './fixture.ts';

describe('ordersync partition check', () => {
  const commands = usePartitionCommands();
  const sql = () => commands.database.current.as('owner');
  const wrong = async (words = 'check') => (await commands.rows(words)).filter(({ verdict }) => verdict !== 'ok');
  const fixed = async (words = 'check --fix --yes') => {
    const { code, stderr } = await commands.partition(words);
    return { code, stderr };
  };

  beforeEach(async () => {
    const left = await wrong();
    if (left.length > 0) throw new Error(`left by the test before: ${JSON.stringify(left)}`);
  });

  test('is content with a fresh schema, and says how far its months reach', async () => {
    const { code, stderr } = await commands.partition('check');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('partitions are healthy') });
    const rows = await commands.rows('check');
    expect(rows.map(({ table, check }) => [table, check])).toEqual([
      ['orders', 'runway'],
      ['payments', 'runway'],
      ['audit_logs', 'runway'],
      ['notification_logs', 'runway'],
    ]);
    expect(rows[0]?.['evidence']).toContain(`until ${monthFromNow(4)}-01T00:00Z`);
  });

  test('a short runway is a warning, none at all critical; exit 5; --fix makes the months', async () => {
    expect(await wrong('check --min-ahead 5')).toMatchObject(
      ['orders', 'payments', 'audit_logs', 'notification_logs'].map((table) => ({
        table,
        check: 'runway',
        verdict: 'warning',
      })),
    );
    expect((await commands.partition('check --min-ahead 5')).code).toBe(5);
    const month = nameIn('audit_logs', monthFromNow(0));
    await sql()`alter table audit_logs detach partition ${sql()(month)}`;
    await sql()`drop table ${sql()(month)}`;
    expect(await wrong()).toMatchObject([
      { table: 'audit_logs', check: 'runway', verdict: 'critical', evidence: expect.stringContaining('no partition') },
      { table: 'audit_logs', check: 'hole', verdict: 'critical' },
    ]);
    expect(await fixed()).toMatchObject({ code: 0 });
  });

  test('rows in a catch-all are counted by month and moved; foreign ones are only reported', async () => {
    for (const day of ['10', '20']) await addAuditLog(sql(), { created_at: `${monthFromNow(-3)}-${day}T00:00:00Z` });
    await addAuditLog(sql(), { created_at: '1975-01-01T00:00:00Z' });
    expect(await wrong()).toMatchObject([
      { partition: 'audit_logs_underflow', evidence: `2 rows of ${monthFromNow(-3)}, which have no partition` },
      { partition: 'audit_logs_underflow', evidence: expect.stringContaining('1 row of no month') },
    ]);
    const dry = await commands.partition('check --fix --dry-run');
    expect(dry.stdout).toContain(`make the months ${monthFromNow(-3)} and move 2 rows into them`);
    expect(await commands.partition('check --fix')).toMatchObject({ code: 4 });
    expect(await fixed()).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('3 partitions made, 2 rows moved'),
    });
    const [row] = await sql()`select count(*)::integer as rows from ${sql()(nameIn('audit_logs', monthFromNow(-3)))}`;
    expect(row).toEqual({ rows: 2 });
    // The guard lets nobody delete an audit row; its catch-all is made anew without it.
    await sql()`alter table audit_logs detach partition audit_logs_underflow`;
    await sql()`drop table audit_logs_underflow`;
    await commands.partition('ensure');
  });

  test('rows that other tables refer to are moved too', async () => {
    const owner = sql();
    const restaurant = await addRestaurant(owner, await addUser(owner));
    const at = `${monthFromNow(-1)}-10T00:00:00Z`;
    const [made] = await owner<{ id: string }[]>`select uuid_v7(${at}::text::timestamptz) as id`;
    const order = await addOrder(owner, restaurant, { id: made!.id, created_at: at });
    await addOrderItem(owner, order, await addMenu(owner, restaurant));
    expect(await wrong()).toMatchObject([{ partition: 'orders_underflow', check: 'catch-all' }]);
    expect(await fixed()).toMatchObject({ code: 0 });
    const [row] = await owner`select tableoid::regclass::text as place from orders where id = ${order}`;
    expect(row).toEqual({ place: nameIn('orders', monthFromNow(-1)) });
  });

  test('a wrong name, missing triggers, row security off and direct grants are found and repaired', async () => {
    const audit = nameIn('audit_logs', monthFromNow(1));
    const orders = nameIn('orders', monthFromNow(1));
    const notifications = nameIn('notification_logs', monthFromNow(1));
    await sql()`drop trigger audit_logs_guard_truncate on ${sql()(audit)}`;
    await sql()`alter table ${sql()(audit)} disable trigger audit_logs_guard_delete`;
    await sql()`alter table ${sql()(orders)} disable row level security`;
    await sql()`grant select on ${sql()(orders)} to application_role`;
    await sql()`alter table ${sql()(notifications)} rename to notification_logs_2026_07`;
    expect((await wrong()).map(({ partition, check }) => [partition, check])).toEqual([
      [orders, 'row-security'],
      [orders, 'grants'],
      [audit, 'triggers'],
      ['notification_logs_2026_07', 'name'],
    ]);
    expect(await fixed()).toMatchObject({ code: 0 });
  });

  test('a month made in the time zone of Seoul is named as that, with the hole beside it', async () => {
    await sql().unsafe(`create table elsewhere (like notification_logs including all) partition by range (created_at)`);
    await sql().unsafe(
      `create table elsewhere_y2025m01 partition of elsewhere for values from ('2025-01-01 00:00:00+09') to ('2025-02-01 00:00:00+09')`,
    );
    await sql().unsafe(
      `create table elsewhere_y2025m02 partition of elsewhere for values from ('2025-02-01 00:00:00+00') to ('2025-03-01 00:00:00+00')`,
    );
    const found = await wrong('check --table elsewhere');
    expect(found.find(({ check }) => check === 'time-zone')).toMatchObject({
      partition: 'elsewhere_y2025m01',
      evidence: 'from 2024-12-31T15:00Z to 2025-01-31T15:00Z is a month in the time zone +09:00',
    });
    expect(found.find(({ check }) => check === 'hole')).toMatchObject({
      evidence: 'from 2025-01-31T15:00Z to 2025-02-01T00:00Z every INSERT fails',
    });
    await sql()`drop table elsewhere`;
  });

  test.each(['drain', 'quarantine'])('an inherited DEFAULT partition is replaced: %s', async (mode) => {
    const owner = sql();
    await owner`alter table notification_logs detach partition notification_logs_overflow`;
    await owner`alter table notification_logs detach partition notification_logs_underflow`;
    await owner`drop table notification_logs_overflow, notification_logs_underflow`;
    await owner`create table notification_logs_rest partition of notification_logs default`;
    const times = [`${monthFromNow(-2)}-05T00:00:00Z`, '1971-01-01T00:00:00Z', '2999-01-01T00:00:00Z'];
    const ids = await Promise.all(times.map(async (at) => addNotification(owner, { created_at: at })));
    expect((await wrong()).map(({ check }) => check)).toEqual(['default']);
    expect((await commands.partition('ensure --ahead 9 --table notification_logs')).stderr).toContain('DEFAULT');
    const { stderr } = await fixed(`check --fix --default ${mode} --yes`);
    expect(stderr).toContain('notification_logs_');
    const places = await owner<{ place: string }[]>`
      select tableoid::regclass::text as place from notification_logs where id = any (${ids}) order by created_at`;
    expect(places.map(({ place }) => place)).toEqual([
      'notification_logs_underflow',
      nameIn('notification_logs', monthFromNow(-2)),
      'notification_logs_overflow',
    ]);
    expect(
      await owner`select relname from pg_class where relname ~ 'notification_logs_(rest|quarantine)' and relkind = 'r'`,
    ).toEqual([]);
    await owner`delete from notification_logs where id = any (${ids})`;
  });

  test('quarantine refuses rows that foreign keys or triggers are about', async () => {
    const owner = sql();
    await owner`alter table payments detach partition payments_overflow`;
    await owner`drop table payments_overflow`;
    await owner`create table payments_rest partition of payments default`;
    expect(await fixed('check --fix --default quarantine --yes')).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('foreign keys of payment_events, payment_refunds lead to its rows'),
    });
    expect(await fixed()).toMatchObject({ code: 0 });
  });
});
