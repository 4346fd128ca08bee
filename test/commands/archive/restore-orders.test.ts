import { beforeAll, describe, expect, test } from 'vitest';
import { addAuditLog, addPayment, addRefund, insert } from '../../schema/rows.ts';
import { monthFromNow, nameIn } from '../partition/fixture.ts';
import { addAuditMonth, addOrderOf, makeMonths, sideName, useReadCommands } from './read-fixture.ts';

const [FIRST, SECOND, THIRD, , FIFTH] = [-2, -3, -4, -5, -6].map(monthFromNow) as [
  string,
  string,
  string,
  string,
  string,
];

describe('ordersync archive restore of what cannot, or not simply, go back', () => {
  const commands = useReadCommands();
  const sql = () => commands.database.current.as('owner');
  const restore = (table: string, month: string, ...more: string[]) => [
    'restore',
    '--table',
    table,
    '--month',
    month,
    '--from',
    commands.folder,
    ...more,
  ];

  beforeAll(async () => {
    await makeMonths(commands, 'audit_logs', FIFTH);
    await makeMonths(commands, 'orders', THIRD);
    await makeMonths(commands, 'payments', THIRD);
  });

  describe('orders with their items and history', () => {
    let order: string;
    const allOf = async (suffix = '') => ({
      orders: [...(await sql()`select * from ${sql()(`orders${suffix}`)} where id = ${order}`)],
      items: [...(await sql()`select * from ${sql()(`order_items${suffix}`)} where order_id = ${order} order by id`)],
      history: [...(await sql()`select * from ${sql()(`order_status_history${suffix}`)} where order_id = ${order}`)],
    });
    let before: Awaited<ReturnType<typeof allOf>>;

    beforeAll(async () => {
      ({ order } = await addOrderOf(commands, FIRST));
      before = await allOf();
      await commands.leave('orders', FIRST);
    });

    test('are gone when they are archived', async () => {
      expect(await allOf()).toEqual({ orders: [], items: [], history: [] });
    });

    test('a dry run shows the statements and changes nothing', async () => {
      const { stdout, code } = await commands.archive(restore('orders', FIRST, '--dry-run'));
      expect(code).toBe(0);
      expect(stdout).toContain(`create table "public"."${sideName('order_items', FIRST)}" (`);
      expect(stdout).toContain('from stdin (format binary);');
      expect(await sql()`select to_regclass(${sideName('orders', FIRST)}) as made`).toEqual([{ made: null }]);
    });

    test('come back aside, each table in one of its own', async () => {
      expect(await commands.rows(restore('orders', FIRST))).toMatchObject([
        { table: 'orders', restored_to: sideName('orders', FIRST), state: 'restored', rows: 1 },
        { table: 'order_items', restored_to: sideName('order_items', FIRST), state: 'restored', rows: 2 },
        {
          table: 'order_status_history',
          restored_to: sideName('order_status_history', FIRST),
          state: 'restored',
          rows: 1,
        },
      ]);
      expect(await allOf(`_restored_${FIRST.replace('-', '_')}`)).toEqual(before);
    });

    test('go back to where they came from, the very rows', async () => {
      expect(await commands.rows(restore('orders', FIRST, '--to', 'attach'))).toMatchObject([
        { table: 'orders', restored_to: nameIn('orders', FIRST), state: 'attached', rows: 1, problem: null },
        { table: 'order_items', restored_to: 'order_items', state: 'restored', rows: 2, problem: null },
        {
          table: 'order_status_history',
          restored_to: 'order_status_history',
          state: 'restored',
          rows: 1,
          problem: null,
        },
      ]);
      expect(await allOf()).toEqual(before);
      expect((await commands.rows(restore('orders', FIRST, '--to', 'attach'))).map(({ state }) => state)).toEqual([
        'there',
        'there',
        'there',
      ]);
    });

    test('an item whose dish is gone stays aside, and the rest goes back', async () => {
      const { menu } = await addOrderOf(commands, SECOND);
      await commands.leave('orders', SECOND);
      await sql()`delete from menus where id = ${menu}`;
      const ran = await commands.archive(restore('orders', SECOND, '--to', 'attach', '--format', 'json'));
      expect(ran.code).toBe(6);
      expect((JSON.parse(ran.stdout) as { data: unknown[] }).data).toMatchObject(
        [
          { table: 'orders', state: 'attached', problem: null },
          { table: 'order_status_history', restored_to: 'order_status_history', state: 'restored', problem: null },
          {
            table: 'order_items',
            restored_to: sideName('order_items', SECOND),
            rows: 2,
            problem: expect.stringContaining('the foreign key order_items_menu_id_fkey does not hold'),
          },
        ].toSorted((one, other) => ORDER.indexOf(one.table) - ORDER.indexOf(other.table)),
      );
    });
  });

  test('payments go back with refunds, events and the keys that keep an order from being paid twice', async () => {
    const { order } = await addOrderOf(commands, THIRD);
    const at = `${THIRD}-11T00:00:00Z`;
    const [ids] = await sql()<{ id: string }[]>`select uuid_v7(${at}::text::timestamptz) as id`;
    const payment = await addPayment(sql(), order, { id: ids!.id, created_at: at });
    await addRefund(sql(), payment, { created_at: at });
    await insert(sql(), 'payment_events', { payment_id: payment, event_type: 'CAPTURED', amount: 1, created_at: at });
    const all = async () => ({
      payments: [...(await sql()`select * from payments where id = ${payment}`)],
      refunds: [...(await sql()`select * from payment_refunds where payment_id = ${payment}`)],
      events: [...(await sql()`select * from payment_events where payment_id = ${payment}`)],
      keys: [...(await sql()`select * from payment_order_keys where payment_id = ${payment}`)],
    });
    const before = await all();
    const written = async () => (await sql()`select from audit_logs where resource_type = 'payments'`).length;
    await commands.leave('payments', THIRD);
    expect(await all()).toEqual({ payments: [], refunds: [], events: [], keys: [] });
    const audited = await written();
    const rows = await commands.rows(restore('payments', THIRD, '--to', 'attach'));
    expect(rows.map(({ table, state, problem }) => [table, state, problem])).toEqual([
      ['payments', 'attached', null],
      ['payment_order_keys', 'restored', null],
      ['payment_events', 'restored', null],
      ['payment_refunds', 'restored', null],
    ]);
    expect(await all()).toEqual(before);
    expect(await written()).toBe(audited);
    await expect(addPayment(sql(), order)).rejects.toThrow('uk_payments_order_id');
  });

  describe('audit logs', () => {
    test('that came late come back with their month, once it is archived anew', async () => {
      await addAuditMonth(commands, FIFTH, 4);
      await commands.leave('audit_logs', FIFTH);
      await addAuditLog(sql(), { created_at: `${FIFTH}-11T00:00:00Z`, error_message: 'late' });
      await commands.leave('audit_logs', FIFTH);
      expect(
        (await commands.rows(['verify', '--from', commands.folder, '--month', FIFTH])).map(({ state, rows }) => [
          state,
          rows,
        ]),
      ).toEqual([
        ['proven', 4],
        ['proven', 1],
      ]);
      expect(await commands.rows(restore('audit_logs', FIFTH))).toMatchObject([{ state: 'restored', rows: 5 }]);
      expect(await commands.rows(restore('audit_logs', FIFTH, '--to', 'attach'))).toMatchObject([
        { state: 'attached', rows: 5 },
      ]);
      const keys = sql()`
        select count(*)::integer as keys from pg_constraint
         where conrelid = ${nameIn('audit_logs', FIFTH)}::text::regclass and contype = 'f'`;
      expect([...(await keys)]).toEqual([{ keys: 1 }]);
    });

    test('of a user who was deleted since stay aside, with the reason', async () => {
      const user = await addAuditMonth(commands, FIRST, 5);
      await commands.leave('audit_logs', FIRST);
      await commands.database.current.sql`delete from users where id = ${user}`;
      const ran = await commands.archive(restore('audit_logs', FIRST, '--to', 'attach', '--format', 'json'));
      expect(ran).toMatchObject({ code: 6, stderr: expect.stringContaining('rows it refers to are gone') });
      expect(JSON.parse(ran.stdout)).toMatchObject({
        data: [{ restored_to: sideName('audit_logs', FIRST), rows: 5, state: 'there' }],
      });
      expect(
        await sql()`select conname from pg_constraint where conrelid = ${sideName('audit_logs', FIRST)}::text::regclass and contype = 'f'`,
      ).toEqual([]);
      await expect(sql()`delete from ${sql()(sideName('audit_logs', FIRST))}`).rejects.toThrow('is a restored archive');
    });

    test('of a table that has got a column since stay aside too', async () => {
      await addAuditMonth(commands, SECOND, 3);
      await commands.leave('audit_logs', SECOND);
      await sql()`alter table audit_logs add column region text`;
      const ran = await commands.archive(restore('audit_logs', SECOND, '--to', 'attach'));
      expect(ran).toMatchObject({
        code: 6,
        stderr: expect.stringContaining('has columns now that the archive does not know: region text'),
      });
      await sql()`alter table audit_logs drop column region`;
    });

    test('are not restored over a table of the same name that is something else', async () => {
      await addAuditMonth(commands, THIRD, 3);
      await commands.leave('audit_logs', THIRD);
      await sql()`create table ${sql()(sideName('audit_logs', THIRD))} (note text)`;
      expect(await commands.archive(restore('audit_logs', THIRD))).toMatchObject({
        code: 4,
        stderr: expect.stringContaining('it is not this archived month'),
      });
      await sql()`drop table ${sql()(sideName('audit_logs', THIRD))}`;
      expect(await commands.archive(restore('audit_logs', monthFromNow(-40)))).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('the archive in'),
      });
    });
  });
});

const ORDER = ['orders', 'order_items', 'order_status_history'];
