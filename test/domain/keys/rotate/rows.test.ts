import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { KEY_TYPES } from '../../../../src/domain/encryption/registry.ts';
import { rangeOfPages } from '../../../../src/domain/keys/rotate/places.ts';
import { cutRange } from '../../../../src/domain/keys/rotate/read-stripes.ts';
import type { StripeReader } from '../../../../src/domain/keys/rotate/read-stripes.ts';
import { rowStatements } from '../../../../src/domain/keys/rotate/row-queries.ts';
import { openRowSession } from '../../../../src/domain/keys/rotate/row-session.ts';
import { rotateChunks } from '../../../../src/domain/keys/rotate/rotate-chunks.ts';
import { sweepRows } from '../../../../src/domain/keys/rotate/sweep.ts';
import { driven } from '../../../support/context.ts';
import { useServer, type TestDatabase } from '../../../support/postgres.ts';
import { waitFor } from '../../../support/wait.ts';
import { startPooler } from '../../../support/pooler.ts';
import { tablesOf, useRotation } from './fixture.ts';

describe('the rows of every table', () => {
  const fixture = useRotation();
  beforeAll(async () => fixture.prepare());

  test.each(KEY_TYPES)(
    'every value of the type %s is renewed, in partitions too, and reads the same',
    async (keyType) => {
      const { database, shop, begin, readAll, countPending } = fixture;
      const { sql } = database.current;
      for (let round = 0; round < 3; round += 1) await fixture.fill(shop);
      // A row that no month holds lies in a catch-all.
      await sql`
      insert into audit_logs (trace_id, action, resource_type, success, created_at,
                              ip_address_encrypted, ip_key_id, user_agent_encrypted, ua_key_id)
      select trace_id, action, resource_type, success, '2001-01-01T00:00:00Z',
             ip_address_encrypted, ip_key_id, user_agent_encrypted, ua_key_id
        from audit_logs where ip_key_id <> 'none' limit 1`;
      const names = tablesOf(keyType).map(({ table }) => table.name);
      const before = new Map<string, ReadonlyMap<string, string>>();
      for (const name of names) before.set(name, await readAll(name));
      const rotation = await begin(keyType);
      const values = await countPending(rotation);
      expect(values).toBeGreaterThan(20);

      const { result } = await driven(rotateChunks(rotation.needs, rotation.request()));
      expect(result).toMatchObject({ values, misses: 0, retries: 0, chunks: rotation.chunks, interrupted: false });
      expect(await countPending(rotation)).toBe(0);
      for (const name of names) expect(await readAll(name)).toEqual(before.get(name));

      const swept = await driven(sweepRows(rotation.needs, rotation.request()));
      expect(swept.result).toMatchObject({ rows: 0, locked: { count: 0, rows: [] } });
    },
  );

  test('the same through a transaction pooler, where chunks are leased', async (context) => {
    const { shop, begin, countPending, database } = fixture;
    const pooler = await startPooler(context, database.current.name);
    onTestFinished(async () => pooler.stop());
    await fixture.fill(shop);
    const rotation = await begin('pii');
    const values = await countPending(rotation);
    const { sql } = database.current;
    // Somebody died with a chunk in hand, and somebody else is about to.
    await sql`
      update key_rotation_chunks
         set leased_by = gen_random_uuid(),
             leased_until = now() + (chunk - 2) * interval '1 second'
       where run_id = ${rotation.run.id} and chunk <= 3`;
    const { ctx, needs } = rotation.another({}, pooler.url);
    expect((await ctx.db.session()).server.pooled).toBe(true);
    const other = rotation.another({}, pooler.url);
    const [first, second] = await Promise.all([
      driven(rotateChunks(needs, rotation.request({ jobs: 2 }))),
      driven(rotateChunks(other.needs, rotation.request())),
    ]);
    expect(first.result.values + second.result.values).toBe(values);
    expect(first.result.chunks + second.result.chunks).toBe(rotation.chunks);
    const swept = await Promise.all([
      driven(sweepRows(needs, rotation.request())),
      driven(sweepRows(other.needs, rotation.request())),
    ]);
    expect(swept.map(({ result }) => result.rows)).toEqual([0, 0]);
    expect(await countPending(rotation)).toBe(0);
    expect(await sql`select count(*)::integer as leased from key_rotation_chunks where leased_by is not null`).toEqual([
      { leased: 0 },
    ]);
    // Nothing of the settings stays on the connections that others get next.
    const [left] = await (
      await ctx.db.session()
    ).sql`
      select current_setting('synchronous_commit') as commit, current_setting('lock_timeout') as timeout`;
    expect(left).toEqual({ commit: 'on', timeout: '0' });
  });

  test('nothing but the pairs changes, and nothing is recorded as a change of the row', async () => {
    const { shop, begin, database } = fixture;
    const { sql } = database.current;
    await fixture.fill(shop);
    const state = async () => sql`
      select (select jsonb_agg(to_jsonb(users) - ${PAIR_COLUMNS}::text[] order by id) from users) as users,
             (select jsonb_agg(to_jsonb(restaurants) - ${PAIR_COLUMNS}::text[] order by id) from restaurants) as restaurants,
             (select count(*) from audit_logs) as audited`;
    const before = await state();
    for (const keyType of KEY_TYPES) {
      const rotation = await begin(keyType);
      await driven(rotateChunks(rotation.needs, rotation.request()));
    }
    expect(await state()).toEqual(before);
  });

  test('a row that is under the key already keeps its version', async () => {
    const { begin, addUsers, database } = fixture;
    const { sql } = database.current;
    await addUsers(50);
    const first = await begin('pii', ['users']);
    await driven(rotateChunks(first.needs, first.request()));
    const versions = async () => sql`select id, xmin::text, ctid::text from users order by id`;
    const before = await versions();
    const again = { ...first, request: first.request() };
    await sql`update key_rotation_chunks set done_at = null where run_id = ${first.run.id}`;
    const { result } = await driven(rotateChunks(again.needs, again.request));
    const swept = await driven(sweepRows(again.needs, again.request));
    expect([result.rows, swept.result.rows]).toEqual([0, 0]);
    expect(await versions()).toEqual(before);
  });
});

describe('a table of many pages', () => {
  // Any writing transaction, of any database, keeps old versions from being pruned, and an analyze does.
  useServer({ settings: { autovacuum: 'off' } });
  const fixture = useRotation();
  beforeAll(async () => fixture.prepare());

  test('four updates out of five stay heap-only, and the table grows by less than a quarter', async () => {
    const { begin, addUsers, database } = fixture;
    const { sql } = database.current;
    await addUsers(6000);
    await sql`vacuum full users`;
    await sql`vacuum (freeze, analyze) users`;
    const before = await usersTable(sql);
    const rotation = await begin('pii', ['users']);
    const { result, events } = await driven(rotateChunks(rotation.needs, rotation.request()));
    expect(result).toMatchObject({ rows: 6000, values: 30_000, misses: 0 });
    const last = events.findLast(({ kind }) => kind === 'progress');
    expect(last).toMatchObject({ label: 'users', done: 6000, total: 6000, unit: 'rows' });
    expect(last).toHaveProperty(
      'detail',
      expect.stringMatching(/^HOT (\d+|\?) %, WAL \d+ MB\/s, lag \d+ s, misses 0, bad 0$/),
    );
    await waitFor(async () => (await usersTable(sql)).updates >= before.updates + 6000, 'the counts of the updates');
    const after = await usersTable(sql);
    expect((after.heapOnly - before.heapOnly) / (after.updates - before.updates)).toBeGreaterThan(0.8);
    expect(after.bytes / before.bytes).toBeLessThan(1.25);
  });

  test('values that are stored out of line are read in parts, however many are in a chunk', async () => {
    const { begin, shop, database, readAll, countPending } = fixture;
    const { sql } = database.current;
    const { payment } = await fixture.fill(shop);
    const text = 'x'.repeat(150_000);
    for (let row = 0; row < 130; row += 1) {
      const [{ id } = { id: '' }] = await sql<{ id: string }[]>`select gen_random_uuid() as id`;
      const pair = shop.encrypt('payment_events', 'event_data_encrypted', id, `${row} ${text}`);
      await sql`insert into payment_events ${sql({ id, payment_id: payment, event_type: 'CAPTURED', amount: 1, ...pair })}`;
    }
    const before = await readAll('payment_events');
    const rotation = await begin('payment');
    const session = await openRowSession(rotation.needs, 'reader');
    const [table] = tablesOf('payment', ['payment_events']);
    const statements = rowStatements(table!, 'payment_events');
    const run: StripeReader['run'] = async (text, parameters) => session.run(text, parameters);
    const reader = { run, table: table!, statements, keyId: rotation.run.to.keyId, statementRows: 500 };
    const parts = await cutRange(reader, rangeOfPages(0, 1000), true);
    await session.close();
    expect(parts.length).toBeGreaterThan(2);
    for (const { first, end } of parts) {
      const [row] = await sql<{ bytes: number }[]>`
        select sum(octet_length(event_data_encrypted))::integer as bytes
          from payment_events where ctid >= ${first}::tid and ctid < ${end}::tid`;
      expect(row?.bytes).toBeLessThanOrEqual(4 * 1024 * 1024 + 210_000);
    }
    const { result } = await driven(rotateChunks(rotation.needs, rotation.request()));
    expect(result.rows).toBeGreaterThan(130);
    expect(await countPending(rotation)).toBe(0);
    expect(await readAll('payment_events')).toEqual(before);
  });
});

/** Pairs of users and restaurants, and what reads of a row gives no account of. */
const PAIR_COLUMNS = ['users', 'restaurants'].flatMap((name) =>
  KEY_TYPES.flatMap((type) =>
    tablesOf(type, [name]).flatMap(({ pairs }) => pairs.flatMap(({ value, key }) => [value, key])),
  ),
);

async function usersTable(sql: TestDatabase['sql']) {
  const [row] = await sql<{ bytes: number; updates: number; heapOnly: number }[]>`
    select pg_relation_size(relid)::float8 as bytes, n_tup_upd::float8 as updates, n_tup_hot_upd::float8 as "heapOnly"
      from pg_stat_user_tables where relname = 'users'`;
  return row!;
}
