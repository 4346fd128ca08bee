import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { rotateChunks } from '../../../../src/domain/keys/rotate/rotate-chunks.ts';
import { sweepRows } from '../../../../src/domain/keys/rotate/sweep.ts';
import type { RowWorkNeeds } from '../../../../src/domain/keys/rotate/types.ts';
import { simpleText } from '../../../../src/db/text.ts';
import { tryTransactionLock } from '../../../../src/domain/keys/rotate/sweep-queries.ts';
import { driven, testContext } from '../../../support/context.ts';
import { startApplication } from '../../../support/application.ts';
import { fastClock, useRotation } from './fixture.ts';

/** What happens to a rotation that is not alone: writers, other rotators, locks, the end of a partition. */
const fixture = useRotation();
beforeAll(async () => fixture.prepare());

/** Does something once, after the first stripe was read and before its first row is written. */
function betweenReadAndWrite(needs: RowWorkNeeds, act: () => Promise<unknown>): RowWorkNeeds {
  let acted = false;
  return {
    ...needs,
    keysFor: async (kids) => {
      if (!acted) await act();
      acted = true;
      return needs.keysFor(kids);
    },
  };
}

test('what a writer changed between read and write is not overwritten, and the sweep renews the rest of the row', async () => {
  const { begin, addUsers, database, keyring, countPending, readAll } = fixture;
  const { sql } = database.current;
  const all = await addUsers(700);
  // The first row of each page: together they are the first stripe.
  const rows = await sql<{ id: string }[]>`select id from users where ctid::text like '%,1)' order by ctid limit 41`;
  const ids = rows.map(({ id }) => id);
  const rotation = await begin('pii', ['users']);
  const shop = await startApplication(database.current.url, keyring.open());
  const stale = fixture.shop;
  const needs = betweenReadAndWrite(rotation.needs, async () => {
    for (const id of ids.slice(0, 20)) {
      await sql`update users set ${sql(shop.encrypt('users', 'phone_encrypted', id, 'changed'))} where id = ${id}`;
    }
    for (const id of ids.slice(20, 40)) {
      await sql`update users set ${sql(stale.encrypt('users', 'phone_encrypted', id, 'changed'))} where id = ${id}`;
    }
    await sql`delete from users where id = ${ids[40]!}`;
    await addUsers(7);
  });
  const { result } = await driven(rotateChunks(needs, rotation.request()));
  expect(result.misses).toBe(41);
  const swept = await driven(sweepRows(rotation.needs, rotation.request()));
  // Some of the new rows may stand in places that were still to be read.
  expect(result.rows + swept.result.rows).toBe(659 + 47);
  expect(result.values + swept.result.values).toBe(659 * 5 + 20 * 4 + 20 * 5 + 7 * 5);
  expect(swept.result.rows).toBeGreaterThanOrEqual(40);
  expect(await countPending(rotation)).toBe(0);
  const values = await readAll('users');
  for (const id of all) {
    const index = ids.indexOf(id);
    const expected = index === 40 ? undefined : index === -1 ? '010-1234-5678' : 'changed';
    expect(values.get(`${id} phone_encrypted`)).toBe(expected);
  }
});

test('two processes share the chunks of one run, and renew every row once', async () => {
  const { begin, addUsers, shop, countPending } = fixture;
  await addUsers(300);
  for (let round = 0; round < 4; round += 1) await fixture.fill(shop);
  const rotation = await begin('pii');
  const values = await countPending(rotation);
  const other = rotation.another();
  const works = [rotation.needs, other.needs].map(async (needs) => {
    const { result: chunks } = await driven(rotateChunks(needs, rotation.request({ jobs: 2 })));
    const { result: swept } = await driven(sweepRows(needs, rotation.request()));
    return { chunks, swept };
  });
  const results = await Promise.all(works);
  expect(results.reduce((sum, { chunks, swept }) => sum + chunks.values + swept.values, 0)).toBe(values);
  expect(results.reduce((sum, { chunks }) => sum + chunks.chunks, 0)).toBe(rotation.chunks);
  expect(await countPending(rotation)).toBe(0);
});

test('the chunk of a process that is gone is taken over', async () => {
  const { begin, addUsers, countPending, database } = fixture;
  await addUsers(100);
  const rotation = await begin('pii', ['users']);
  const other = rotation.another({
    reach: () => {
      throw new Error('planted');
    },
  });
  await expect(driven(rotateChunks(other.needs, rotation.request()))).rejects.toThrow('planted');
  await driven(rotateChunks(rotation.needs, rotation.request()));
  expect(await countPending(rotation)).toBe(0);
  // Nobody holds a chunk or a session any more.
  const { sql } = database.current;
  await expect
    .poll(
      async () =>
        sql`select pid from pg_stat_activity where application_name like '%(rows)%' and datname = current_database()`,
    )
    .toEqual([]);
});

test('an interrupted run stops after the statement under way, and the next one renews only what is left', async () => {
  const { begin, addUsers, countPending, database } = fixture;
  await addUsers(300);
  // Rows thinly spread over what earlier tests left would make fewer stripes.
  await database.current.sql`vacuum full users`;
  const rotation = await begin('pii', ['users']);
  const pending = await countPending(rotation);
  let stripes = 0;
  const other = rotation.another();
  const needs = {
    ...other.needs,
    reach: () => {
      stripes += 1;
      if (stripes === 3) other.ctx.abort();
    },
  };
  const { result } = await driven(rotateChunks(needs, rotation.request()));
  expect(result).toMatchObject({ interrupted: true, chunks: 0 });
  expect(stripes).toBe(3);
  expect(await countPending(rotation)).toBe(pending - result.values);
  const [{ rows } = { rows: '' }] = await database.current.sql<{ rows: string }[]>`
    select sum(rows_renewed) as rows from key_rotation_chunks where run_id = ${rotation.run.id} and done_at is null`;
  expect(Number(rows)).toBe(result.rows);
  const next = await driven(rotateChunks(rotation.needs, rotation.request()));
  expect(next.result.values + result.values).toBe(pending);
  expect(await countPending(rotation)).toBe(0);
});

test('rows that a session keeps locked are left out and named; released, they are renewed', async () => {
  const { begin, addUsers, countPending, database } = fixture;
  const { sql } = database.current;
  const ids = await addUsers(200);
  const rotation = await begin('pii', ['users']);
  const held = [ids[3]!, ids[77]!, ids[150]!].toSorted();
  const needs = { ...rotation.needs, clock: fastClock(rotation.needs.clock, 20) };
  await sql.begin(async (transaction) => {
    await transaction`select from users where id = any (${held}) for update`;
    const { result } = await driven(rotateChunks(needs, rotation.request()));
    expect(result.misses).toBe(3);
    const { result: swept } = await driven(sweepRows(needs, rotation.request()));
    expect(swept.locked.count).toBe(3);
    expect(swept.locked.rows.map(({ id }) => id).toSorted()).toEqual(held);
    expect(swept.locked.rows[0]?.table).toBe('users');
    expect(await countPending(rotation)).toBe(15);
  });
  const { result } = await driven(sweepRows(needs, rotation.request()));
  expect(result).toMatchObject({ rows: 3, values: 15, locked: { count: 0, rows: [] } });
  expect(await countPending(rotation)).toBe(0);
});

test('the transaction that stands for a lock behind a pooler keeps no old row version', async () => {
  const { database } = fixture;
  const ctx = testContext(database.current.url);
  const session = await ctx.db.session();
  await simpleText(session, 'begin');
  expect(await tryTransactionLock(session, [1, 2])).toBe(true);
  const [row] = await database.current.sql`
    select state, backend_xid, backend_xmin from pg_stat_activity where pid = ${session.server.pid}`;
  expect(row).toEqual({ state: 'idle in transaction', backend_xid: null, backend_xmin: null });
  await simpleText(session, 'rollback');
});

test('a whole table that stays locked ends the work in words; what is done is kept', async () => {
  const { begin, addUsers, database } = fixture;
  await addUsers(10);
  const rotation = await begin('pii', ['users']);
  const needs = { ...rotation.needs, clock: fastClock(rotation.needs.clock, 60) };
  await database.current.sql.begin(async (transaction) => {
    await transaction`lock table users in access exclusive mode`;
    await expect(driven(rotateChunks(needs, rotation.request()))).rejects.toMatchObject({
      code: 'partial',
      message: 'the table users stays locked by another session',
    });
  });
});

test('a partition that is detached or dropped in between is passed over, with a note', async () => {
  const { begin, shop, database, countPending } = fixture;
  const { sql } = database.current;
  for (let round = 0; round < 3; round += 1) await fixture.fill(shop);
  const rotation = await begin('pii', ['audit_logs', 'notification_logs']);
  const leaves = await sql<{ table: string; leaf: string }[]>`
    select table_name as table, min(relation_name) as leaf from key_rotation_chunks
     where run_id = ${rotation.run.id} group by 1 order by 1`;
  await sql`alter table audit_logs detach partition ${sql(leaves[0]!.leaf)}`;
  await sql`drop table ${sql(leaves[1]!.leaf)}`;
  const { result, events } = await driven(rotateChunks(rotation.needs, rotation.request()));
  const notes = events.flatMap((event) => (event.kind === 'note' ? [event.message] : []));
  expect(notes.toSorted()).toEqual(
    leaves.map(({ table, leaf }) => `${leaf} is no longer part of ${table}: its pages are passed over`),
  );
  expect(result.chunks).toBe(rotation.chunks);
  await driven(sweepRows(rotation.needs, rotation.request()));
  expect(await countPending(rotation)).toBe(0);
  await sql`drop table ${sql(leaves[0]!.leaf)}`;
});

test('rows in a partition that came after the chunks were cut are the sweep’s', async () => {
  const { begin, shop, database, countPending } = fixture;
  const { sql } = database.current;
  const rotation = await begin('pii', ['audit_logs']);
  await sql`select ensure_month_partitions('audit_logs', '2031-03-01', '2031-03-01')`;
  const trace = randomUUID().replaceAll('-', '');
  await sql`insert into audit_logs ${sql({
    trace_id: trace,
    action: 'LOGIN',
    resource_type: 'User',
    success: true,
    created_at: '2031-03-05T00:00:00Z',
    ...shop.encrypt('audit_logs', 'ip_address_encrypted', trace, '192.0.2.1'),
  })}`;
  await driven(rotateChunks(rotation.needs, rotation.request()));
  const { result } = await driven(sweepRows(rotation.needs, rotation.request()));
  expect(result.rows).toBe(1);
  expect(await countPending(rotation)).toBe(0);
});
