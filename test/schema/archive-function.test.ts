import type postgres from 'postgres';
import { beforeEach, describe, expect, test } from 'vitest';
import { sqlstateOf, useSchema } from '../support/schema.ts';
import { addAuditLog, addUser } from './rows.ts';

describe('archive_old_audit_logs', () => {
  const database = useSchema();
  let owner: postgres.Sql;
  beforeEach(() => {
    owner = database.current.as('owner');
  });

  async function addAged(age: string): Promise<string> {
    const [row] = await owner<{ at: string }[]>`select (now() - ${age}::text::interval)::text as at`;
    return addAuditLog(owner, { created_at: row!.at, new_value_encrypted: 'cipher', new_value_key_id: 'pii-v1' });
  }

  const archive = async () => (await owner<{ archived_count: string }[]>`select * from archive_old_audit_logs()`)[0];
  const place = async (id: string) =>
    owner`
      select (select count(*)::integer from audit_logs where id = ${id}) as live,
        (select count(*)::integer from audit_logs_archive where id = ${id}) as archived`;

  test('moves what is older than six months, every column of it, and tells how much', async () => {
    const old = await addAged('7 months');
    const young = await addAged('5 months');
    const columns = async (table: string) =>
      (await owner`select to_jsonb(${owner(table)}) - 'archived_at' as row from ${owner(table)} where id = ${old}`)[0];
    const before = await columns('audit_logs');
    expect(await archive()).toEqual({ archived_count: '1' });
    expect(await columns('audit_logs_archive')).toEqual(before);
    expect(await place(old)).toEqual([{ live: 0, archived: 1 }]);
    expect(await place(young)).toEqual([{ live: 1, archived: 0 }]);
    expect(await archive()).toEqual({ archived_count: '0' });
  });

  test('moves more than one batch in a run', async () => {
    await owner`
      insert into audit_logs (trace_id, action, resource_type, ip_address_encrypted, ip_key_id, success, created_at)
      select md5(n::text), 'LOGIN', 'User', 'none', 'none', true, now() - interval '8 months' + n * interval '1 second'
      from generate_series(1, 25000) n`;
    expect(await archive()).toEqual({ archived_count: '25000' });
  });

  test('has columns for everything audit_logs has', async () => {
    const missing = await owner`
      select attname, format_type(atttypid, atttypmod) from pg_attribute
      where attrelid = 'audit_logs'::regclass and attnum > 0 and not attisdropped
      except
      select attname, format_type(atttypid, atttypmod) from pg_attribute
      where attrelid = 'audit_logs_archive'::regclass and attnum > 0 and not attisdropped`;
    expect(missing).toEqual([]);
  });

  test('closes the door behind it: the same transaction cannot delete afterwards', async () => {
    await addAged('7 months');
    const failure = owner.begin(async (transaction) => {
      await transaction`select archive_old_audit_logs()`;
      await transaction`delete from audit_logs`;
    });
    expect(await sqlstateOf(failure)).toBe('42501');
  });

  test('moves nothing while an archive is at work, and says so', async () => {
    const old = await addAged('7 months');
    await database.current.as('staff').begin(async (working) => {
      await working`select pg_advisory_xact_lock(hashtextextended('ordersync archive', 0))`;
      expect(await archive()).toEqual({ archived_count: '0' });
    });
    expect(database.current.notices).toContain('an archive is at work: nothing moved');
    expect(await place(old)).toEqual([{ live: 1, archived: 0 }]);
  });

  test('leaves alone the months that the archive’s journal knows', async () => {
    const journaled = await addAged('20 months');
    const free = await addAged('18 months');
    await owner`
      insert into archive_journal (source_table, month, range_start, range_end, location)
      select source, to_char(range_start at time zone 'UTC', 'YYYY-MM'), range_start, range_start + interval '1 month', 'file:///none'
      from (values ('audit_logs', 20), ('audit_logs', 21), ('orders', 18)) journal (source, months)
      cross join lateral (select date_trunc('month', now(), 'UTC') - make_interval(months => months)) range (range_start)`;
    await archive();
    await owner`delete from archive_journal`;
    expect(await place(journaled)).toEqual([{ live: 1, archived: 0 }]);
    expect(await place(free)).toEqual([{ live: 0, archived: 1 }]);
  });

  test('is for its owner, and for whoever is granted it', async () => {
    const staff = database.current.as('staff');
    expect(await sqlstateOf(staff`select archive_old_audit_logs()`)).toBe('42501');
    const old = await addAged('7 months');
    await owner`grant execute on function archive_old_audit_logs() to application_admin_role`;
    await staff`select archive_old_audit_logs()`;
    await owner`revoke execute on function archive_old_audit_logs() from application_admin_role`;
    expect(await place(old)).toEqual([{ live: 0, archived: 1 }]);
  });

  test('lets users be deleted whose last trace is archived', async () => {
    const user = await addUser(owner);
    const [row] = await owner<{ at: string }[]>`select (now() - interval '7 months')::text as at`;
    await addAuditLog(owner, { user_id: user, created_at: row!.at });
    await archive();
    expect(await owner`delete from users where id = ${user} returning id`).toHaveLength(1);
  });
});
