import { beforeAll, describe, expect, test } from 'vitest';
import { monthFromNow, nameIn } from '../partition/fixture.ts';
import { addAuditMonth, addOrderOf, makeMonths, useArchiveCommands } from './read-fixture.ts';

const MONTHS = [-9, -10, -11].map(monthFromNow) as [string, string, string];

describe('ordersync archive restore', () => {
  const commands = useArchiveCommands();
  const sql = () => commands.database.current.as('owner');
  const restore = (month: string, ...more: string[]) => ['restore', '--table', 'audit_logs', '--month', month, '--from', commands.folder, ...more];
  const sideName = (table: string, month: string) => `${table}_restored_${month.replace('-', '_')}`;
  const rowsOfMonth = async (table: string) => sql()`select to_jsonb(t) as row from ${sql()(table)} t order by created_at, id`;

  beforeAll(async () => {
    await makeMonths(commands, MONTHS[2]);
  });

  describe('a month of audit logs', () => {
    const [, , month] = MONTHS;
    let before: readonly unknown[];

    beforeAll(async () => {
      await addAuditMonth(commands, month, 30);
      before = [...(await rowsOfMonth(nameIn('audit_logs', month)))];
      await commands.leave('audit_logs', month);
      expect(await sql()`select to_regclass(${nameIn('audit_logs', month)}) as gone`).toEqual([{ gone: null }]);
    });

    test('comes back into a read-only table of its own, which nobody else may read, with the same root', async () => {
      const [listed] = await commands.rows(['list']);
      const side = sideName('audit_logs', month);
      const rows = await commands.rows(restore(month));
      expect(rows).toEqual([
        { table: 'audit_logs', restored_to: side, state: 'restored', rows: 30, root: listed!['root'], problem: null },
      ]);
      expect([...(await rowsOfMonth(side))]).toEqual(before);
      await expect(sql()`delete from ${sql()(side)}`).rejects.toThrow('is a restored archive: delete refused');
      await expect(sql()`truncate ${sql()(side)}`).rejects.toThrow('truncate refused');
      await expect(sql()`update ${sql()(side)} set success = not success`).rejects.toThrow('update refused');
      for (const user of ['shop', 'staff', 'rotator'] as const) {
        await expect(commands.database.current.as(user)`select from ${sql()(side)}`).rejects.toThrow('permission denied');
      }
    });

    test('is there already the second time, and proven once more', async () => {
      expect(await commands.rows(restore(month))).toMatchObject([{ state: 'there', rows: 30 }]);
    });
  });
});
