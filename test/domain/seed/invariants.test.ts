import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadDatabaseKeys } from '../../../src/domain/encryption/database-keys.ts';
import { ENCRYPTED_TABLES, NO_ADDRESS } from '../../../src/domain/encryption/registry.ts';
import { PLANTED } from '../../../src/domain/seed/planted.ts';
import { SEED_TABLES } from '../../../src/domain/seed/tables.ts';
import { useKeyring } from '../../support/key-store.ts';
import { useSchema } from '../../support/schema.ts';
import { brokenPromises } from './broken-promises.ts';
import { makeKeys, ownerContext, readPlainRows, REQUEST, seed } from './fixture.ts';

/** One database for the whole file: the first test fills it, as the schema's owner; the others look. */
const database = useSchema();
const keyring = useKeyring();
const until = REQUEST.until.toISOString();

const countOf = async (rows: string): Promise<number> => {
  const [row] = await database.current.sql.unsafe<{ count: number }[]>(`select count(*)::int as count from ${rows}`);
  return row?.count ?? -1;
};

it('fills every table as the ordinary owner of the schema, and says how much', async () => {
  const ctx = ownerContext(database.current, keyring);
  await makeKeys(ctx);
  const { tables, createdMonths, decrypted } = await seed(ctx);
  expect(tables.map(({ name }) => name)).toEqual(SEED_TABLES.map(({ name }) => name));
  for (const { name, rows, bytes } of tables) {
    const exempt = name === 'audit_logs' ? `where action <> 'CREATE_KEY'` : '';
    expect(await countOf(`${name} ${exempt}`)).toBe(rows);
    expect(rows).toBeGreaterThan(0);
    expect(bytes).toBeGreaterThan(0n);
  }
  expect(createdMonths).toBeGreaterThanOrEqual(4 * 3);
  expect(decrypted).toBeGreaterThan(300);
  expect(await countOf('payment_current_state')).toBeGreaterThan(0);
});

describe('between the rows', () => {
  it.each(brokenPromises(until))('%s', async (_promise, offenders) => {
    expect(await countOf(offenders)).toBe(0);
  });

  it('nothing happened after the end, nor before the first month', async () => {
    for (const { name, columns } of SEED_TABLES) {
      const column = columns.includes('created_at') ? 'created_at' : 'timestamp';
      const exempt = name === 'audit_logs' ? `and action <> 'CREATE_KEY'` : '';
      expect([name, await countOf(`${name} where ${column} > '${until}' ${exempt}`)]).toEqual([name, 0]);
    }
    for (const name of ['orders', 'payments', 'audit_logs', 'notification_logs'])
      expect([name, await countOf(`${name} where created_at < '2026-01-01T00:00Z'`)]).toEqual([name, 0]);
  });

  it('every month has its rows, and no catch-all has any', async () => {
    for (const name of ['orders', 'payments', 'audit_logs', 'notification_logs']) {
      for (const month of ['2026m01', '2026m02', '2026m03'])
        expect([name, month, (await countOf(`${name}_y${month}`)) > 0]).toEqual([name, month, true]);
      expect([
        name,
        await countOf(`${name}_underflow`),
        await countOf(`${name}_overflow where created_at < now() - interval '1 day'`),
      ]).toEqual([name, 0, 0]);
    }
  });

  it('some orders are waiting, some cooking, some ready', async () => {
    const rows = await database.current.sql`select distinct status from orders order by status`;
    expect(rows.map(({ status }) => String(status))).toEqual(
      expect.arrayContaining(['PENDING', 'ACCEPTED', 'PREPARING', 'READY', 'COMPLETED', 'CANCELLED']),
    );
  });

  it('the audit triggers are awake again', async () => {
    const rows = await database.current.sql`
      select tgname, tgenabled from pg_trigger where tgname in ('trigger_audit_users', 'trigger_audit_payments')`;
    expect(rows.length).toBeGreaterThan(4); // one on each partition too
    expect(rows.every(({ tgenabled }) => tgenabled === 'O')).toBe(true);
  });
});

describe('in every encrypted pair', () => {
  it('each value decrypts, and names the key that is beside it', async () => {
    const ctx = ownerContext(database.current, keyring);
    for (const { name, pairs } of ENCRYPTED_TABLES) {
      const rows = await readPlainRows(ctx, name);
      for (const { value, key, keyType, mayBeNone } of pairs) {
        const values = rows.map((row) => row[value]).filter((text) => text !== null && text !== NO_ADDRESS);
        expect([name, value, values.length > 0]).toEqual([
          name,
          value,
          name !== 'audit_logs_archive' || !/_value_/u.test(value),
        ]);
        const none = mayBeNone ? `or (${value} = 'none' and ${key} = 'none')` : '';
        const wrong = `${name} where not (${value} is null and ${key} is null or ${value} like 'os1!_%' escape '!' and ${key} = '${keyType}-v1' ${none})`;
        expect([name, value, await countOf(wrong)]).toEqual([name, value, 0]);
      }
    }
  });

  it('each hash is the keyed hash of the value beside it', async () => {
    const ctx = ownerContext(database.current, keyring);
    const session = await ctx.db.session();
    const keys = await loadDatabaseKeys(session.sql, async () => ctx.keys());
    for (const { name, pairs } of ENCRYPTED_TABLES) {
      for (const { value, blindIndex } of pairs) {
        if (blindIndex === undefined) continue;
        const index = await keys.blindIndex(blindIndex.purpose);
        const plain = await readPlainRows(ctx, name);
        const stored = await session.sql<{ id: string; hash: string | null }[]>`
          select id::text, ${session.sql(blindIndex.column)} as hash from ${session.sql(name)}`;
        const hashes = new Map(stored.map(({ id, hash }) => [id, hash]));
        for (const row of plain) {
          const text = row[value];
          const expected = text === NO_ADDRESS ? null : index(String(text));
          expect(hashes.get(String(row['id']))).toBe(expected);
        }
      }
    }
  });

  it('no e-mail address, name or number is in the clear anywhere', async () => {
    const people = await readPlainRows(ownerContext(database.current, keyring), 'users');
    const secrets = people
      .slice(0, 40)
      .flatMap((row) => [row['email_encrypted'], row['phone_encrypted']].filter(Boolean));
    for (const { name } of SEED_TABLES) {
      const rows = await database.current.sql.unsafe<{ line: string }[]>(`select ${name}::text as line from ${name}`);
      const text = rows.map(({ line }) => line).join('\n');
      for (const secret of secrets) expect([name, text.includes(String(secret))]).toEqual([name, false]);
    }
  });
});

describe('the specification’s security queries, at the end of the data', () => {
  it('find the one account under attack', async () => {
    const rows = await database.current.sql`
      select email_hash, count(*)::int as failed from login_attempts
      where not success and created_at > ${until}::timestamptz - interval '1 hour'
      group by email_hash having count(*) >= 5`;
    expect(rows.map(({ failed }) => Number(failed))).toEqual([PLANTED.bruteForce.failures]);
    const [locked] = await database.current.sql`
      select failed_login_count, locked_until > ${until}::timestamptz as locked from users
      where email_hash = ${String(rows[0]?.['email_hash'])}`;
    expect(locked).toEqual({ failed_login_count: PLANTED.bruteForce.lockedAt, locked: true });
  });

  it('find the busy address, and those of the stuffing that met customers', async () => {
    const rows = await database.current.sql`
      select count(distinct user_id)::int as users, count(*)::int as requests from audit_logs
      where created_at > ${until}::timestamptz - interval '1 hour' and ip_hash is not null
      group by ip_hash having count(distinct user_id) >= 10 order by requests desc`;
    const { busyAddress, stuffing } = PLANTED;
    expect(rows.filter(({ users }) => Number(users) > 10)).toHaveLength(1);
    expect(rows[0]).toEqual({ users: busyAddress.users, requests: busyAddress.logins * 2 });
    const others = rows.slice(1).map(({ users }) => Number(users));
    expect(others.length).toBe(stuffing.ips.length);
    expect(others.reduce((sum, users) => sum + users, 0)).toBe(stuffing.customers);
  });

  it('find the stuffing by its many accounts, and the takeover by its success', async () => {
    const stuffed = await countOf(
      `(select email_hash from login_attempts where created_at > timestamptz '${until}' - interval '1 hour'
         group by email_hash having count(*) = 1 and bool_and(not success)) once`,
    );
    expect(stuffed).toBe(PLANTED.stuffing.accounts);
    const taken = await countOf(
      `(select email_hash from login_attempts where created_at > timestamptz '${until}' - interval '1 hour'
         group by email_hash
        having count(*) filter (where not success) = ${PLANTED.takeover.failures} and bool_or(success)) taken`,
    );
    expect(taken).toBe(1);
  });

  it('find the permission changes of the last day', async () => {
    const rows = await database.current.sql`
      select changes ? 'role' as role, changes -> 'role' ->> 'new' as now_is, users.role as is
      from audit_logs join users on users.id::text = resource_id
      where action = 'UPDATE_PERMISSIONS' and audit_logs.created_at > ${until}::timestamptz - interval '24 hours'
      order by audit_logs.created_at`;
    expect(rows).toHaveLength(PLANTED.permissionChanges);
    expect(rows.at(-1)).toEqual({ role: true, now_is: 'ADMIN', is: 'ADMIN' });
  });
});

it('the queries of the page find the planted attacks, and nothing else', async () => {
  const page = readFileSync(new URL('../../../docs/demo-data.md', import.meta.url), 'utf8');
  const queries = Array.from(page.matchAll(/```sql\n([^]*?)```/gu), ([, query = '']) => query);
  const found: number[] = [];
  for (const query of queries) found.push((await database.current.sql.unsafe(query)).length);
  const { stuffing, permissionChanges } = PLANTED;
  expect(found).toEqual([1, stuffing.ips.length, 1, 1, permissionChanges]);
});
