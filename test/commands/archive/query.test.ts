import { beforeAll, describe, expect, test } from 'vitest';
import { startApplication } from '../../support/application.ts';
import { run } from '../../support/io.ts';
import { monthFromNow } from '../partition/fixture.ts';
import { addAuditLog } from '../../schema/rows.ts';
import { addAuditMonth, addOrderOf, makeMonths, sideName, useReadCommands } from './read-fixture.ts';

const [FIRST, SECOND] = [-2, -3].map(monthFromNow) as [string, string];
const TRACE = '0123456789abcdef0123456789abcdef';

describe('an archive that is encrypted', () => {
  const commands = useReadCommands();
  const sql = () => commands.database.current.as('owner');
  const query = (text: string, ...more: string[]) =>
    commands.archive(['query', text, '--from', commands.folder, ...more]);
  const key = async (words: string) =>
    run(['key', ...words.split(' ')], {
      env: { ...commands.keyring.env, ORDERSYNC_DATABASE_URL: commands.database.current.url },
    });

  beforeAll(async () => {
    await makeMonths(commands, 'audit_logs', SECOND);
    await makeMonths(commands, 'orders', FIRST);
    const application = await startApplication(commands.database.current.url, commands.keyring.open());
    await addAuditLog(sql(), {
      trace_id: TRACE,
      created_at: `${SECOND}-05T00:00:00.123Z`,
      ...application.encrypt('audit_logs', 'old_value_encrypted', TRACE, '{"phone":"010-1234-5678"}'),
    });
    await addAuditMonth(commands, FIRST, 12);
    await addOrderOf(commands, FIRST);
    for (const [table, month] of [
      ['audit_logs', SECOND],
      ['audit_logs', FIRST],
      ['orders', FIRST],
    ] as const) {
      await commands.leave(table, month);
    }
  });

  describe('ordersync archive query', () => {
    test('answers in every format, exactly, over all months or some, and what left with them', async () => {
      const json = await query(
        'select action, count(*) as rows, min(created_at) as first from audit_logs group by all',
        '--format',
        'json',
      );
      expect(JSON.parse(json.stdout)).toMatchObject({
        command: 'archive query',
        data: [{ action: 'LOGIN', rows: 13, first: `${SECOND}-05T00:00:00.123000Z` }],
      });
      expect((await query('select 9007199254740993 as big', '--format', 'json')).stdout).toContain(
        '"big": "9007199254740993"'.replace('": "', '":"'),
      );
      expect((await query('select quantity, unit_price from order_items order by 1', '--format', 'csv')).stdout).toBe(
        'quantity,unit_price\n1,5000\n2,5000\n'.replaceAll('\n', '\r\n'),
      );
      const month = await query('select count(*) as rows from audit_logs', '--month', FIRST);
      expect(month).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('12'),
        stderr: expect.stringContaining('of 1 file'),
      });
      expect(await query('select * from audit_logs', '--limit', '5')).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('there are more than 5 rows'),
      });
    });

    test('gives the values as the database had them: Korean text, nulls, numbers; and ciphertext stays ciphertext', async () => {
      const { stdout } = await query(
        'select error_message, duration_ms, success from audit_logs where duration_ms in (0, 1) order by 2',
        '--format',
        'json',
      );
      expect((JSON.parse(stdout) as { data: unknown }).data).toEqual([
        { error_message: null, duration_ms: 0, success: false },
        { error_message: '오류 1', duration_ms: 1, success: true },
      ]);
      const secret = await query(
        `select old_value_encrypted as value from audit_logs where trace_id = '${TRACE}'  and old_value_encrypted is not null`,
        '--format',
        'csv',
      );
      expect(secret.stdout).toMatch(/^value\r\nos1_[A-Za-z0-9_-]+\r\n$/);
    });

    test('refuses what is no question to the archive', async () => {
      for (const text of [
        "select * from read_text('/etc/passwd')",
        'drop view audit_logs',
        "copy audit_logs to '/tmp/x.csv'",
        'install httpfs',
      ]) {
        expect(await query(text)).toMatchObject({ code: 2, stdout: '' });
      }
      expect(await query('delete from audit_logs')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('an archive is read only: it is asked one SELECT'),
      });
      expect(await query('select * from nothing')).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/nothing does not exist.*hint: ordersync archive list/su),
      });
      expect(await commands.archive(['query', 'select 1', '--from', '/nowhere/at/all'])).toMatchObject({ code: 3 });
    });
  });

  describe('its key', () => {
    test('rotates although months are restored aside, may be retired, and is not destroyed', async () => {
      const restore = ['restore', '--table', 'audit_logs', '--month', SECOND, '--from', commands.folder];
      expect(await commands.archive(restore)).toMatchObject({ code: 0 });
      // What the other tests wrote as ciphertext is none.
      for (const table of ['menus', 'restaurants', 'users'])
        await commands.database.current.sql`delete from ${sql()(table)}`;
      expect(await key('rotate --type pii --if-older-than 0 --grace 0 --full-speed --yes')).toMatchObject({ code: 0 });
      const note = `pii-v1 is needed to read manifest 1 (audit_logs ${SECOND}): 1 value`;
      expect(await key('retire --key pii-v1 --yes')).toMatchObject({ code: 0, stderr: expect.stringContaining(note) });
      await commands.database.current.sql`
        update encryption_keys set retired_at = now() - interval '400 days' where key_id = 'pii-v1'`;
      expect(await key('destroy pii-v1 --yes')).toMatchObject({
        code: 4,
        stderr: expect.stringContaining(`manifest 1 (audit_logs ${SECOND}): 1 value`),
      });
      await sql()`drop table ${sql()(sideName('audit_logs', SECOND))}`;
      expect((await key('destroy pii-v1 --yes')).code).toBe(4);
    });
  });
});
