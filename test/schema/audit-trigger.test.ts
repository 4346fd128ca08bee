import type postgres from 'postgres';
import { beforeEach, describe, expect, test } from 'vitest';
import { inRequest, useSchema } from '../support/schema.ts';
import { addAuditLog, addOrder, addPayment, addRestaurant, addUser, hashOf, type Client } from './rows.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('the audit trigger', () => {
  const database = useSchema();
  let owner: postgres.Sql;
  let staff: postgres.Sql;
  beforeEach(() => {
    owner = database.current.as('owner');
    staff = database.current.as('staff');
  });

  /** The audit rows that work leaves behind, oldest first. */
  async function auditOf(work: () => Promise<unknown>): Promise<readonly postgres.Row[]> {
    const [last] = await owner<{ ids: string[] }[]>`select coalesce(array_agg(id), '{}') as ids from audit_logs`;
    await work();
    return owner`select * from audit_logs where id <> all (${last!.ids}::uuid[]) order by created_at, action`;
  }

  async function newPayment(sql: Client = owner): Promise<string> {
    return addPayment(sql, await addOrder(owner, await addRestaurant(owner, await addUser(owner))));
  }

  test('records a new user, what staff changed of it and who did it', async () => {
    const actor = await addUser(owner, { role: 'ADMIN' });
    let user = '';
    const rows = await auditOf(async () => {
      user = await addUser(staff);
      await inRequest(staff, { 'app.current_user_id': actor }, async (sql) => {
        await sql`update users set status = 'SUSPENDED', version = version + 1 where id = ${user}`;
      });
    });
    expect(rows).toMatchObject([
      {
        action: 'CREATE_USER',
        resource_type: 'users',
        resource_id: user,
        user_id: null,
        success: true,
        ip_address_encrypted: 'none',
        ip_key_id: 'none',
        old_value_encrypted: null,
        new_value_encrypted: null,
        changes: { role: { new: 'CUSTOMER' }, status: { new: 'ACTIVE' }, version: { new: 1 } },
      },
      {
        action: 'UPDATE_USER',
        resource_id: user,
        user_id: actor,
        changes: { status: { old: 'ACTIVE', new: 'SUSPENDED' }, version: { old: 1, new: 2 } },
      },
    ]);
    expect(rows[0]?.['trace_id']).toMatch(/^[0-9a-f]{32}$/);
  });

  test('puts nothing into the row that is encrypted, hashed or secret', async () => {
    const [row] = await auditOf(async () =>
      addUser(staff, { phone_encrypted: 'cipher-phone', phone_key_id: 'pii-v1' }),
    );
    const text = JSON.stringify(row);
    for (const secret of ['cipher', 'pii-v1', 'salt', 'email_hash']) expect(text).not.toContain(secret);
  });

  test.each([
    ['role', 'STAFF'],
    ['permissions', '["refund"]'],
  ])('calls a change of %s UPDATE_PERMISSIONS, whatever else changes with it', async (column, value) => {
    const user = await addUser(owner);
    const rows = await auditOf(
      async () => staff`
        update users set ${staff(column)} = ${value}::text::${staff.unsafe(column === 'role' ? 'varchar' : 'jsonb')},
          status = 'DELETED'
        where id = ${user}`,
    );
    expect(rows).toMatchObject([{ action: 'UPDATE_PERMISSIONS', resource_id: user }]);
    expect(rows[0]?.['changes']).toHaveProperty(column);
  });

  test('calls a soft delete DELETE_USER', async () => {
    const user = await addUser(owner);
    const rows = await auditOf(async () => staff`update users set status = 'DELETED' where id = ${user}`);
    expect(rows).toMatchObject([{ action: 'DELETE_USER', changes: { status: { old: 'ACTIVE', new: 'DELETED' } } }]);
  });

  test('lets a user delete itself: the row has no actor, and still the id', async () => {
    const user = await addUser(owner);
    const rows = await auditOf(async () =>
      inRequest(owner, { 'app.current_user_id': user }, async (sql) => sql`delete from users where id = ${user}`),
    );
    expect(rows).toMatchObject([{ action: 'DELETE_USER', resource_id: user, user_id: null }]);
  });

  test('keeps a user that others acted as from being deleted', async () => {
    const user = await addUser(owner);
    await addAuditLog(owner, { user_id: user });
    await expect(owner`delete from users where id = ${user}`).rejects.toMatchObject({ code: '23503' });
  });

  test('records payments under the name of their table, not of the partition, for the shop and for staff', async () => {
    const customer = await addUser(owner);
    const order = await addOrder(owner, await addRestaurant(owner, await addUser(owner)), { customer_id: customer });
    let payment = '';
    const rows = await auditOf(async () => {
      payment = await inRequest(database.current.as('shop'), { 'app.current_user_id': customer }, async (sql) =>
        addPayment(sql, order),
      );
      await staff`update payments set status = 'CAPTURED', captured_at = now() where id = ${payment}`;
      await owner`delete from payments where id = ${payment}`;
    });
    expect(rows).toMatchObject([
      { action: 'CREATE_PAYMENT', resource_type: 'payments', resource_id: payment, user_id: customer },
      { action: 'UPDATE_PAYMENT', resource_type: 'payments', user_id: null },
      { action: 'DELETE_PAYMENT', resource_type: 'payments', user_id: null },
    ]);
    expect(rows[0]?.['changes']).toMatchObject({ amount: { new: 10_000 }, status: { new: 'PENDING' } });
    expect(rows[1]?.['changes']).toMatchObject({ status: { old: 'PENDING', new: 'CAPTURED' } });
  });

  test('takes trace, address, agent and values from the settings of the request', async () => {
    const user = await addUser(owner);
    const settings = {
      'app.trace_id': TRACE,
      'app.ip_address_encrypted': 'os1_ip',
      'app.ip_key_id': 'pii-v2',
      'app.ip_hash': hashOf('203.0.113.9'),
      'app.user_agent_encrypted': 'os1_agent',
      'app.ua_key_id': 'pii-v2',
      'app.old_value_encrypted': 'os1_old',
      'app.old_value_key_id': 'pii-v2',
      'app.new_value_encrypted': 'os1_new',
      'app.new_value_key_id': 'pii-v2',
    };
    const rows = await auditOf(async () =>
      inRequest(staff, settings, async (sql) => sql`update users set status = 'SUSPENDED' where id = ${user}`),
    );
    expect(rows).toMatchObject([
      {
        trace_id: TRACE,
        ip_address_encrypted: 'os1_ip',
        ip_key_id: 'pii-v2',
        ip_hash: hashOf('203.0.113.9'),
        user_agent_encrypted: 'os1_agent',
        ua_key_id: 'pii-v2',
        old_value_encrypted: 'os1_old',
        new_value_encrypted: 'os1_new',
        new_value_key_id: 'pii-v2',
      },
    ]);
  });

  test('works in a pooled session where the settings of the request before are empty strings now', async () => {
    const user = await addUser(owner);
    await inRequest(staff, { 'app.current_user_id': user, 'app.trace_id': TRACE }, async (sql) => sql`select`);
    const [setting] = await staff`select current_setting('app.current_user_id', true) as value`;
    expect(setting).toEqual({ value: '' });
    const rows = await auditOf(async () => staff`update users set status = 'SUSPENDED' where id = ${user}`);
    expect(rows).toMatchObject([{ action: 'UPDATE_USER', user_id: null }]);
    expect(rows[0]?.['trace_id']).not.toBe(TRACE);
  });

  test('leaves out half a pair, and ciphertexts that are bound to no valid trace', async () => {
    const user = await addUser(owner);
    const rows = await auditOf(async () => {
      await inRequest(
        staff,
        { 'app.trace_id': TRACE, 'app.ip_address_encrypted': 'os1_ip', 'app.new_value_key_id': 'pii-v2' },
        async (sql) => sql`update users set version = 2 where id = ${user}`,
      );
      await inRequest(
        staff,
        { 'app.trace_id': TRACE.toUpperCase(), 'app.new_value_encrypted': 'x', 'app.new_value_key_id': 'pii-v2' },
        async (sql) => sql`update users set version = 3 where id = ${user}`,
      );
    });
    const nothing = {
      ip_address_encrypted: 'none',
      ip_key_id: 'none',
      new_value_encrypted: null,
      new_value_key_id: null,
    };
    expect(rows).toMatchObject([nothing, nothing]);
    expect(database.current.notices).toContain(
      'app.trace_id is not 32 hex digits: the ciphertexts for the audit row are left out',
    );
  });

  test('writes nothing for a re-encryption, and updated_at stays', async () => {
    const user = await addUser(owner, { phone_encrypted: 'old', phone_key_id: 'pii-v1' });
    const payment = await newPayment();
    const read = async () => owner`select updated_at, version from users where id = ${user}`;
    const before = await read();
    const rows = await auditOf(async () => {
      await owner`
        update users set email_encrypted = 'new', email_key_id = 'pii-v2', phone_encrypted = 'new', phone_key_id = 'pii-v2',
          password_hash_encrypted = 'new', password_key_id = 'pii-v2'
        where id = ${user}`;
      await owner`update payments set external_id_encrypted = 'new', external_key_id = 'payment-v2' where id = ${payment}`;
    });
    expect(rows).toEqual([]);
    expect(await read()).toEqual(before);
  });

  test.each([
    ['another ciphertext under the same key', { email_encrypted: 'new' }],
    ['a first phone number', { phone_encrypted: 'new', phone_key_id: 'pii-v2' }],
    ['a removed name', { name_encrypted: null, name_key_id: null }],
    [
      'another ciphertext, another key and another version',
      { email_encrypted: 'n', email_key_id: 'pii-v2', version: 2 },
    ],
  ])('records %s, and updated_at moves', async (_what, columns) => {
    const user = await addUser(owner, { name_encrypted: 'old', name_key_id: 'pii-v1' });
    const [before] = await owner<{ at: string }[]>`select updated_at::text as at from users where id = ${user}`;
    const rows = await auditOf(async () => staff`update users set ${staff(columns)} where id = ${user}`);
    expect(rows).toMatchObject([{ action: 'UPDATE_USER', resource_id: user }]);
    const [after] = await owner<{ moved: boolean }[]>`
      select updated_at > ${before!.at}::text::timestamptz as moved from users where id = ${user}`;
    expect(after).toEqual({ moved: true });
  });
});
