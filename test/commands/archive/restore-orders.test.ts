import { beforeAll, describe, expect, test } from 'vitest';
import { monthFromNow, nameIn } from '../partition/fixture.ts';
import { addAuditMonth, addOrderOf, makeMonths, sideName, useReadCommands } from './read-fixture.ts';

const [FIRST, SECOND, THIRD] = [-2, -3, -4].map(monthFromNow) as [string, string, string];

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
    await makeMonths(commands, 'audit_logs', THIRD);
    await makeMonths(commands, 'orders', SECOND);
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

  describe('audit logs', () => {
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
