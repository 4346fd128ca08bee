import { beforeAll, describe, expect, test } from 'vitest';
import { verifyValues } from '../../../src/domain/keys/verify/verify.ts';
import { OrdersyncError } from '../../../src/errors.ts';
import { testContext } from '../../support/context.ts';
import { run } from '../../support/io.ts';
import { useKeyCommands } from './fixture.ts';

describe('what the key commands refuse', () => {
  const commands = useKeyCommands();
  const sql = () => commands.database.current.sql;
  const asStaff = async (words: string) => {
    const login = { username: 'schema_staff', password: 'schema' };
    const { href } = Object.assign(new URL(commands.database.current.url), login);
    return run(['key', ...words.split(' ')], { env: { ...commands.keyring.env, ORDERSYNC_DATABASE_URL: href } });
  };

  test('a role that may not write keys is told which rights it lacks, before the key store is asked', async () => {
    const { code, stderr, stdout } = await asStaff('create');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('the role schema_staff may not change keys');
    expect(stderr).toContain('encryption_data_keys: insert is not granted');
    expect(await asStaff('list')).toMatchObject({ code: 0 });
  });

  describe('with keys and rows', () => {
    beforeAll(async () => {
      await commands.fill(await commands.start());
    });

    test('rewrap and retire by a role that may not', async () => {
      expect(await asStaff('rewrap')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('permission denied for table archive_signing_keys'),
      });
      await sql()`update encryption_keys set status = 'ROTATING' where key_id = 'pii-v1'`;
      expect(await asStaff('retire --key pii-v1')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('encryption_keys: update is not granted'),
      });
      await sql()`update encryption_keys set status = 'ACTIVE' where key_id = 'pii-v1'`;
    });

    test('status and verify without a registered column; one that nobody registered is said to be unchecked', async () => {
      await sql()`alter table menus rename column description_key_id to description_key`;
      for (const words of ['status', 'verify']) {
        expect(await commands.key(words)).toMatchObject({
          code: 4,
          stderr: expect.stringContaining('menus.description_key_id: missing'),
        });
      }
      await sql()`alter table menus rename column description_key to description_key_id`;
      await sql()`alter table menus add column note_encrypted text`;
      expect((await commands.key('verify')).stderr).toContain('not checked: menus.note_encrypted: unregistered');
      expect(await commands.key('status --check')).toMatchObject({
        code: 5,
        stderr: expect.stringContaining('menus.note_encrypted is unregistered'),
      });
      await sql()`alter table menus drop column note_encrypted`;
    });

    test('a statement that the server cancels is told as that, not as a bug', async () => {
      await sql().unsafe(`alter database "${commands.database.current.name}" set statement_timeout = '1ms'`);
      const { code, stderr } = await commands.key('status');
      await sql().unsafe(`alter database "${commands.database.current.name}" reset statement_timeout`);
      expect({ code, stderr }).toEqual({
        code: 4,
        stderr: expect.stringContaining('the server cancelled the statement'),
      });
    });

    test('verify stops at the end of a batch when it is interrupted, and leaves its session fit for use', async () => {
      const ctx = testContext(commands.database.current.url, '/nowhere', { keys: async () => commands.keyring.open() });
      const session = await ctx.db.session();
      const work = verifyValues(ctx, session, { tables: [], sample: undefined });
      await work.next();
      ctx.abort(new OrdersyncError('interrupted', 'interrupted by SIGINT'));
      await expect(work.next()).rejects.toMatchObject({ code: 'interrupted' });
      expect(await session.sql`select pg_current_xact_id_if_assigned() is null as idle`).toEqual([{ idle: true }]);
    });
  });
});
