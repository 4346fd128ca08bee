import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { inRequest, sqlstateOf, useSchema } from '../support/schema.ts';
import { addAuditLog, addOrder, addRestaurant, addUser, hashOf } from './rows.ts';

describe('what the roles may do', () => {
  const database = useSchema();
  let owner: postgres.Sql;
  let shop: postgres.Sql;
  let ada: string;
  let eve: string;
  let order: string;
  beforeAll(async () => {
    owner = database.current.as('owner');
    shop = database.current.as('shop');
    ada = await addUser(owner, { name_encrypted: 'cipher-ada', name_key_id: 'pii-v1' });
    eve = await addUser(owner);
    order = await addOrder(owner, await addRestaurant(owner, eve), { customer_id: ada });
  });

  const asAda = async <Result>(work: (sql: postgres.TransactionSql) => Promise<Result>) =>
    inRequest(shop, { 'app.current_user_id': ada }, work);

  test('nobody may delete from or truncate any table, and nothing is granted to everybody', async () => {
    const granted = await owner`
      select relname, grantee::regrole::text as grantee, privilege_type
      from pg_class, aclexplode(relacl)
      where relnamespace = 'public'::regnamespace and grantee <> relowner
        and (privilege_type not in ('SELECT', 'INSERT', 'UPDATE') or grantee = 0 or relispartition)`;
    expect(granted).toEqual([]);
  });

  test('maintenance and partition functions are the owner’s', async () => {
    const open = await owner<{ name: string }[]>`
      select proname as name from pg_proc
      where pronamespace = 'public'::regnamespace
        and has_function_privilege('application_role', oid, 'execute')
        and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
      order by 1`;
    expect(open.map(({ name }) => name)).toEqual([
      'app_current_user_id',
      'audit_changes',
      'audit_logs_guard',
      'auto_audit_log',
      'change_order_status',
      'check_refund_total',
      'job_is_rehearsed',
      'job_stop_at',
      'keep_payment_order_key',
      'missing_months',
      'month_partition_ranges',
      'report_job_work',
      'set_updated_at',
      'sync_restaurant_search_fields',
      'uuid_v7',
      'uuid_v7_floor',
      'uuid_v7_timestamp',
    ]);
  });

  test.each([
    ['an amount', 'update orders set total_amount = 1, subtotal = 1'],
    ['the status', `update orders set status = 'CANCELLED'`],
    ['the customer', 'update orders set customer_id = null'],
    ['the time of acceptance', 'update orders set accepted_at = now()'],
    ['a payment', `update payments set status = 'CAPTURED'`],
    ['a refund', 'insert into payment_refunds (payment_id, amount) values (gen_random_uuid(), 1)'],
    ['an order away', 'delete from orders'],
  ])('customers may not change %s', async (_what, statement) => {
    expect(await sqlstateOf(asAda(async (sql) => sql.unsafe(statement)))).toBe('42501');
  });

  test('customers may change their wishes', async () => {
    const changed = await asAda(
      async (sql) => sql`
        update orders set special_requests_encrypted = 'cipher', special_requests_key_id = 'pii-v1', version = version + 1
        where id = ${order} returning id`,
    );
    expect(changed).toHaveLength(1);
  });

  test.each([
    ['make itself an administrator', `update users set role = 'ADMIN'`],
    ['give itself permissions', `update users set permissions = '["all"]'`],
    ['lift its suspension', `update users set status = 'ACTIVE'`],
    ['read personal data of everybody', 'select name_encrypted from users'],
    ['change personal data of everybody', `update users set name_encrypted = 'x', name_key_id = 'x'`],
    ['register as staff', `insert into users (email_hash, role) values ('x', 'STAFF')`],
    ['read the audit trail', 'select action from audit_logs'],
    ['read what templates say', 'select content_template_encrypted from notification_templates'],
    ['free the key of a payment', 'delete from payment_order_keys'],
  ])('the shop may not %s', async (_what, statement) => {
    expect(await sqlstateOf(asAda(async (sql) => sql.unsafe(statement)))).toBe('42501');
  });

  test('the shop logs a user in: finds the hash, counts failures, writes attempts and the audit trail', async () => {
    const [found] = await shop`
      select id, password_hash_encrypted, salt, failed_login_count, locked_until
      from users where email_hash = (select email_hash from users where id = ${ada})`;
    expect(found).toMatchObject({ id: ada, failed_login_count: 0 });
    await shop`update users set failed_login_count = failed_login_count + 1 where id = ${ada}`;
    await shop`
      insert into login_attempts (email_hash, ip_address_encrypted, ip_key_id, success)
      values (${hashOf('ada')}, 'none', 'none', false)`;
    await shop`
      insert into audit_logs (trace_id, action, resource_type, ip_address_encrypted, ip_key_id, success)
      values ('0123456789abcdef0123456789abcdef', 'LOGIN', 'User', 'none', 'none', true)`;
    const attempts = await shop`select count(*)::integer as failed from login_attempts where not success`;
    expect(attempts).toEqual([{ failed: 1 }]);
  });

  test('the shop registers customers', async () => {
    await shop`
      insert into users (email_encrypted, email_key_id, email_hash, password_hash_encrypted, password_key_id, salt)
      values ('cipher', 'pii-v1', ${hashOf('new')}, 'cipher', 'pii-v1', 'salt')`;
    expect(await owner`select role, status from users where email_hash = ${hashOf('new')}`).toEqual([
      { role: 'CUSTOMER', status: 'ACTIVE' },
    ]);
  });

  test('users see and change their own personal data through current_user_profile, and nobody else’s', async () => {
    expect(await asAda(async (sql) => sql`select name_encrypted from current_user_profile`)).toEqual([
      { name_encrypted: 'cipher-ada' },
    ]);
    await asAda(
      async (sql) => sql`update current_user_profile set name_encrypted = 'cipher-new', version = version + 1`,
    );
    expect(await owner`select id from users where name_encrypted = 'cipher-new'`).toEqual([{ id: ada }]);
    expect(await shop`select from current_user_profile`).toHaveLength(0);
    expect(await sqlstateOf(asAda(async (sql) => sql`update current_user_profile set role = 'ADMIN'`))).toBe('42501');
  });

  test('staff read the audit trail, change roles, and change no record of the past', async () => {
    const staff = database.current.as('staff');
    await addAuditLog(owner, { user_id: eve });
    expect(await staff`select from audit_logs where user_id = ${eve}`).toHaveLength(1);
    expect(await staff`update users set role = 'STAFF' where id = ${eve} returning id`).toHaveLength(1);
    for (const table of ['audit_logs', 'order_status_history', 'payment_events', 'login_attempts']) {
      expect(await sqlstateOf(staff`update ${staff(table)} set created_at = now()`)).toBe('42501');
    }
  });
});
