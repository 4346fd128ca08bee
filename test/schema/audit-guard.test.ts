import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { failureOf, sqlstateOf, useSchema, type SchemaUser } from '../support/schema.ts';
import { addAuditLog } from './rows.ts';

const PAIRS = [
  ['ip_address_encrypted', 'ip_key_id'],
  ['user_agent_encrypted', 'ua_key_id'],
  ['old_value_encrypted', 'old_value_key_id'],
  ['new_value_encrypted', 'new_value_key_id'],
  ['ip_hash'], // follows from the address and a key, as its ciphertext does
].flat();

const ROW = `'0123456789abcdef0123456789abcdef', 'LOGIN', 'User', 'none', 'none', true`;
const COLUMNS = 'trace_id, action, resource_type, ip_address_encrypted, ip_key_id, success';

/** Statements that change or remove what is logged. @param table audit_logs or one partition */
const forbidden = (table: string): Readonly<Record<string, string>> => ({
  update: `update ${table} set success = false`,
  'update that changes nothing': `update ${table} set success = success where false`,
  'update of created_at': `update ${table} set created_at = now()`,
  delete: `delete from ${table}`,
  'delete of no row': `delete from ${table} where false`,
  truncate: `truncate ${table}`,
  'insert on conflict do update': `
    insert into ${table} (id, created_at, ${COLUMNS}) select id, created_at, ${ROW} from ${table} limit 1
    on conflict (id, created_at) do update set success = false`,
  'merge update': `
    merge into ${table} target using (select 1) source on true when matched then update set success = false`,
  'merge delete': `merge into ${table} target using (select 1) source on true when matched then delete`,
  'update of a pair with another column': `update ${table} set old_value_encrypted = 'x', changes = '{}'`,
});

describe('the guard of audit_logs', () => {
  const database = useSchema();
  let owner: postgres.Sql;
  let partition: string;
  beforeAll(async () => {
    owner = database.current.as('owner');
    await addAuditLog(owner);
    const [place] = await owner<{ partition: string }[]>`select tableoid::regclass::text as partition from audit_logs`;
    partition = place!.partition;
  });

  describe.each(['owner', 'shop', 'staff', 'rotator', 'superuser'] as const)('refuses, to %s,', (user) => {
    test.each(Object.keys(forbidden('x')))('%s, on the table and on its partition', async (name) => {
      const sql = user === 'superuser' ? database.current.sql : database.current.as(user satisfies SchemaUser);
      for (const table of ['audit_logs', partition]) {
        expect(await sqlstateOf(sql.unsafe(forbidden(table)[name]!))).toBe('42501');
      }
      expect(await owner`select success from audit_logs`).toEqual([{ success: true }]);
    });
  });

  test('names the table, the operation and the way out', async () => {
    expect(await failureOf(owner`delete from audit_logs`)).toMatchObject({
      message: 'audit_logs is append-only: delete refused',
      hint: 'old rows leave by the archive, whole months by partition',
    });
    expect(await failureOf(owner`update audit_logs set ip_key_id = 'x'`)).toMatchObject({
      message: 'audit_logs is append-only: update refused',
      hint: 'only a key rotation may do this, as a member of ordersync_rotator',
    });
  });

  test.each(['owner', 'shop', 'staff'] as const)('refuses the ciphertext pairs to %s', async (user) => {
    const sql = database.current.as(user);
    expect(await sqlstateOf(sql`update audit_logs set ip_address_encrypted = 'x', ip_key_id = 'pii-v2'`)).toBe('42501');
  });

  test('lets members of ordersync_rotator replace ciphertext pairs, through the table, and nothing else', async () => {
    const rotator = database.current.as('rotator');
    await rotator`
      update audit_logs set ip_address_encrypted = 'os1_new', ip_key_id = 'pii-v2', old_value_encrypted = 'os1_new',
        old_value_key_id = 'pii-v2'`;
    expect(await owner`select ip_key_id, old_value_key_id from audit_logs`).toEqual([
      { ip_key_id: 'pii-v2', old_value_key_id: 'pii-v2' },
    ]);
  });

  test('is not opened by a setting, for whoever is not the owner', async () => {
    for (const user of ['shop', 'staff', 'rotator'] as const) {
      const sql = database.current.as(user);
      const failure = sql.begin(async (transaction) => {
        await transaction`select set_config('ordersync.archiving_transaction', pg_current_xact_id()::text, true)`;
        await transaction`delete from audit_logs`;
      });
      expect(await sqlstateOf(failure)).toBe('42501');
    }
  });

  test('is not fooled by a search path with functions of the same names', async () => {
    const staff = database.current.as('staff');
    await database.current.sql`create schema evil`;
    await database.current.sql`grant all on schema evil to public`;
    await database.current.sql`grant update on audit_logs to application_admin_role`;
    await staff`create function evil.pg_has_role(name, text, text) returns boolean language sql as 'select true'`;
    const failure = staff.begin(async (transaction) => {
      await transaction`set local search_path = evil, pg_catalog, public`;
      await transaction`update audit_logs set ip_key_id = 'x'`;
    });
    expect(await sqlstateOf(failure)).toBe('42501');
    await database.current.sql`revoke update on audit_logs from application_admin_role`;
    await database.current.sql`drop schema evil cascade`;
  });

  test('holds for sessions that replay (session_replication_role = replica)', async () => {
    const failure = database.current.sql.begin(async (transaction) => {
      await transaction`set local session_replication_role = replica`;
      await transaction`delete from audit_logs`;
    });
    expect(await sqlstateOf(failure)).toBe('42501');
  });

  test('stays on a partition that was detached', async () => {
    await owner.begin(async (transaction) => {
      await transaction`alter table audit_logs detach partition ${transaction(partition)}`;
      const failure = transaction.savepoint(async (savepoint) => savepoint`delete from ${savepoint(partition)}`);
      expect(await sqlstateOf(failure)).toBe('42501');
      await transaction`select attach_month_partition('audit_logs', ${partition}::regclass,
        date_trunc('month', now(), 'UTC'), date_trunc('month', now(), 'UTC') + interval '1 month')`;
    });
  });

  test.each(['audit_logs', 'audit_logs_archive'])('names every column of %s in one of its triggers', async (table) => {
    const columns = await owner<{ name: string; triggers: string[] }[]>`
      select attname as name, array_agg(tgname order by tgname) filter (where tgname is not null) as triggers
      from pg_attribute
      left join pg_trigger on tgrelid = attrelid and attnum = any (tgattr)
      where attrelid = ${table}::regclass and attnum > 0 and not attisdropped
      group by attname`;
    for (const { name, triggers } of columns) {
      expect(triggers).toEqual([`${table}_guard_${PAIRS.includes(name) ? 'pairs' : 'update'}`]);
    }
  });

  test('keeps archived rows as they are, too', async () => {
    for (const statement of ['update audit_logs_archive set success = false', 'truncate audit_logs_archive']) {
      expect(await sqlstateOf(owner.unsafe(statement))).toBe('42501');
    }
  });
});
