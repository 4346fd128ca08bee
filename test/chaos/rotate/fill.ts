import type postgres from 'postgres';
import type { FakeKms } from '../../support/kms/server.ts';
import { addRestaurant } from '../../schema/rows.ts';
import { readEmailIndexKey, readKeys } from './keys.ts';
import { seal } from './os1.ts';
import type { MadeRow, WriterKey } from './rows.ts';
import { makeArchivedAudit, makeAudit, makeLoginAttempt, makeOrder, makeUser, newId } from './rows.ts';
import type { Shop } from './shop.ts';
import { createShadow, record } from './shadow.ts';

const BATCH = 500;

/** The shop's rows before anything happens, some of them in the catch-alls of old times, and the shadow of all. */
export async function fillShop(sql: postgres.Sql, request: { kms: FakeKms; url: string; rows: number }): Promise<Shop> {
  const { kms, url, rows } = request;
  const keys = await readKeys(sql, kms);
  const [pii, business] = ['pii', 'business'].map((type) => keyOf(keys, type));
  const emailKey = await readEmailIndexKey(sql, kms);
  const restaurant = await makeRestaurant(sql, business!);
  await createShadow(sql);
  const users = Array.from({ length: rows }, (_, n) => makeUser(pii!, emailKey, ['', 'phone', ''][n % 3]));
  const times = await orderTimes(sql, Math.ceil(rows / 10));
  const orders = times.map((time) => makeOrder(pii!, restaurant, time));
  const few = Array.from({ length: Math.ceil(rows / 20) });
  const audits = few.map((_, n) => {
    const audit = makeAudit(pii!);
    const at = n % 4 > 0 ? new Date() : new Date('2021-05-05T00:00:00Z');
    return { ...audit, columns: { ...audit.columns, created_at: at } };
  });
  await load(sql, users);
  await load(sql, orders);
  await load(sql, audits);
  await load(
    sql,
    few.map(() => makeArchivedAudit(pii!)),
  );
  await load(
    sql,
    few.map((_, n) => makeLoginAttempt(pii!, n % 5 > 0)),
  );
  await sql`analyze`;
  return { kms, url, emailKey, restaurant, users: users.map(({ id }) => id), orders: orders.map(({ id }) => id) };
}

function keyOf(keys: Awaited<ReturnType<typeof readKeys>>, type: string): WriterKey {
  const key = keys.find(({ keyType, status }) => keyType === type && status === 'ACTIVE');
  if (key?.material === undefined) throw new Error(`no active key of type ${type}`);
  return { keyId: key.keyId, dataKey: key.material.dataKey };
}

/** A restaurant's values are of another type of keys: a rotation of pii must leave them as they are. */
async function makeRestaurant(sql: postgres.Sql, key: WriterKey): Promise<string> {
  const [owner] = await sql<{ id: string }[]>`select id from users limit 1`;
  const id = newId();
  const value = (column: string) => seal(key.dataKey, { table: 'restaurants', column, id }, `the ${column}`);
  return sql.begin(async (tx) => {
    // Its owner would be a user without a shadow; nothing here needs one.
    await tx`set local session_replication_role = replica`;
    return addRestaurant(tx, owner?.id ?? newId(), {
      id,
      name_encrypted: value('name_encrypted'),
      name_key_id: key.keyId,
      address_encrypted: value('address_encrypted'),
      address_key_id: key.keyId,
      phone_encrypted: value('phone_encrypted'),
      phone_key_id: key.keyId,
    });
  });
}

async function orderTimes(sql: postgres.Sql, count: number): Promise<{ id: string; at: Date }[]> {
  return sql<{ id: string; at: Date }[]>`
    select replace(uuid_v7(at)::text, '-', '') as id, at
    from generate_series(1, ${count}::int) n,
      lateral (
        select date_trunc('milliseconds', case when n % 10 = 0 then '2021-05-05Z'::timestamptz else now() end) as at
      ) moments`;
}

/** Without triggers, as a load from elsewhere: the audit trigger would write rows that have no shadow. */
async function load(sql: postgres.Sql, rows: readonly MadeRow[]): Promise<void> {
  for (let start = 0; start < rows.length; start += BATCH) {
    const batch = rows.slice(start, start + BATCH);
    const { place } = batch[0]!;
    await sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`insert into ${tx(place.table)} ${tx(batch.map(({ columns }) => columns))}`;
      await record(tx, place, batch);
    });
  }
}
