import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../support/io.ts';
import { monthFromNow, nameIn, ownerUrl } from '../partition/fixture.ts';
import { addAuditMonth, makeMonths, sideName, useReadCommands } from './read-fixture.ts';

const MONTHS = [-2, -3, -4].map(monthFromNow) as [string, string, string];

describe('ordersync archive restore', () => {
  const commands = useReadCommands();
  const sql = () => commands.database.current.as('owner');
  const restore = (month: string, ...more: string[]) => [
    'restore',
    '--table',
    'audit_logs',
    '--month',
    month,
    '--from',
    commands.folder,
    ...more,
  ];
  const rowsOfMonth = async (table: string) =>
    sql()`select to_jsonb(t) as row from ${sql()(table)} t order by created_at, id`;

  beforeAll(async () => {
    await makeMonths(commands, 'audit_logs', MONTHS[2]);
  });

  describe('a month of audit logs', () => {
    const [, , month] = MONTHS;
    let before: readonly unknown[];

    beforeAll(async () => {
      await addAuditMonth(commands, month, 30);
      before = [...(await rowsOfMonth(nameIn('audit_logs', month)))];
      await commands.leave('audit_logs', month);
    });

    test('is gone when it is archived', async () => {
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
        await expect(commands.database.current.as(user)`select from ${sql()(side)}`).rejects.toThrow(
          'permission denied',
        );
      }
    });

    test('is there already the second time, and proven once more', async () => {
      expect(await commands.rows(restore(month))).toMatchObject([{ state: 'there', rows: 30 }]);
    });
  });

  describe('a month that becomes a partition again', () => {
    const [youngest, , month] = MONTHS;

    test('is refused while the table has rows of it', async () => {
      await addAuditMonth(commands, youngest, 2);
      await commands.leave('audit_logs', youngest);
      const [late] = await addLate(youngest);
      const refused = await commands.archive(restore(youngest, '--to', 'attach'));
      expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('the month would be there twice') });
      await deleteLate(late!);
    });

    test('is attached between other months, as whole as one that never left', async () => {
      const [listed] = (await commands.rows(['list'])).filter((row) => row['month'] === youngest);
      const rows = await commands.rows(restore(youngest, '--to', 'attach'));
      expect(rows).toEqual([
        {
          table: 'audit_logs',
          restored_to: nameIn('audit_logs', youngest),
          state: 'attached',
          rows: 2,
          root: listed!['root'],
          problem: null,
        },
      ]);
      expect(await partitionsOf('audit_logs')).toContain(nameIn('audit_logs', youngest));
      await expect(sql()`delete from ${sql()(nameIn('audit_logs', youngest))}`).rejects.toThrow('is append-only');
      expect(await leftovers()).toEqual([]);
    });

    test('is attached below the oldest one without being read again, and no month between them is missing', async () => {
      const told = { PGOPTIONS: '-c client_min_messages=debug1' };
      expect(await commands.archive(restore(month, '--to', 'attach'), told)).toMatchObject({
        code: 0,
        stderr: expect.stringContaining(
          `partition constraint for table "${nameIn('audit_logs', month)}" is implied by existing constraints`,
        ),
      });
      expect(await partitionsOf('audit_logs')).toEqual(
        expect.arrayContaining([month, MONTHS[1], youngest].map((at) => nameIn('audit_logs', at))),
      );
      const check = await run(['partition', 'check', '--table', 'audit_logs'], {
        env: { ORDERSYNC_DATABASE_URL: ownerUrl(commands.database.current) },
      });
      expect(check).toMatchObject({ code: 0 });
      expect(
        await sql()`select count(*)::integer as rows from audit_logs where created_at < ${`${MONTHS[1]}-01`}::text::timestamptz`,
      ).toEqual([{ rows: 30 }]);
    });

    test('is left alone by the next archive run and by the next restore, and still takes rows', async () => {
      const left = await commands.archive([
        'run',
        '--table',
        'audit_logs',
        '--older-than',
        '1 month',
        '--to',
        commands.folder,
        '--yes',
      ]);
      expect(left).toMatchObject({ code: 0, stderr: expect.stringContaining('it was restored from the archive') });
      expect(await commands.rows(restore(month, '--to', 'attach'))).toMatchObject([{ state: 'there', rows: 30 }]);
      const [late] = await addLate(month);
      expect(late!.place).toBe(nameIn('audit_logs', month));
    });
  });

  async function addLate(month: string) {
    return sql()<{ id: string; place: string }[]>`
      insert into audit_logs (trace_id, action, resource_type, ip_address_encrypted, ip_key_id, success, created_at)
      values (repeat('a', 32), 'LOGIN', 'User', 'none', 'none', true, ${`${month}-20T00:00:00Z`})
      returning id, tableoid::regclass::text as place`;
  }

  /** As a superuser, past the guard: the row was never meant to be. */
  async function deleteLate({ id, place }: { id: string; place: string }) {
    const guard = 'audit_logs_guard_delete';
    await commands.database.current.sql.unsafe(`
      alter table ${place} disable trigger ${guard};
      delete from ${place} where id = '${id}';
      alter table ${place} enable always trigger ${guard}`);
  }

  async function partitionsOf(table: string) {
    const rows = await sql()<{ name: string }[]>`
      select inhrelid::regclass::text as name from pg_inherits where inhparent = ${table}::text::regclass order by 1`;
    return rows.map(({ name }) => name);
  }

  /** Constraints and triggers of a restoration that an attached partition has no use for. */
  async function leftovers() {
    return sql()`
      select conname from pg_constraint where conname = 'ck_restored_range'
      union all select tgname from pg_trigger join pg_inherits on inhrelid = tgrelid where tgname = 'refuse_restored_write'`;
  }
});
