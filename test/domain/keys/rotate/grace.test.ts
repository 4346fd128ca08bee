import postgres from 'postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../../../src/context.ts';
import { describeTransaction, waitForTransactions, waitOutGrace } from '../../../../src/domain/keys/rotate/grace.ts';
import { readOpenTransactions } from '../../../../src/domain/keys/rotate/grace-queries.ts';
import { describeSnapshotHolder } from '../../../../src/domain/keys/rotate/preflight.ts';
import { maySeeActivity, readSnapshotHolders } from '../../../../src/domain/keys/rotate/preflight-queries.ts';
import { driven, testContext } from '../../../support/context.ts';
import { useSchema } from '../../../support/schema.ts';

describe('waiting for what may still write under the old key', () => {
  const database = useSchema();
  const open = () => {
    const client = postgres(database.current.url, { max: 1 });
    onTestFinished(async () => client.end());
    return client;
  };
  const insertRun = async (age: string): Promise<string> => {
    const { sql } = database.current;
    await sql`delete from key_rotation_runs`;
    await sql`insert into encryption_keys (key_type, key_id) values ('pii', 'pii-v1') on conflict do nothing`;
    const [row] = await sql<{ id: string }[]>`
      insert into key_rotation_runs (key_type, to_key_id, started_at)
      values ('pii', 'pii-v1', now() - ${age}::interval) returning id`;
    return row?.id ?? '';
  };

  test('the grace period is counted from the start of the run, by the clock of the server', async () => {
    const ctx = testContext(database.current.url);
    const session = await ctx.db.session();
    // A clock that is an hour wrong, and never sleeps, must not matter.
    let slept = 0;
    const clock: Clock = {
      now: () => new Date(Date.now() + 3_600_000),
      monotonicMs: () => 0,
      sleep: async (ms) => {
        slept += ms;
        await session.sql`update key_rotation_runs set started_at = started_at - ${`${ms} ms`}::interval`;
      },
    };
    const needs = { clock, signal: ctx.signal };
    const over = await insertRun('10 minutes');
    expect((await driven(waitOutGrace(needs, session, { runId: over, graceMs: 600_000 }))).events).toEqual([]);
    const runId = await insertRun('8 minutes');
    const { events } = await driven(waitOutGrace(needs, session, { runId, graceMs: 600_000 }));
    const left = events.map((event) =>
      'message' in event ? /key: (\d+) s of grace left$/.exec(event.message)?.[1] : '',
    );
    expect(left.every((seconds) => Number(seconds) > 0)).toBe(true);
    expect(left).toEqual(left.toSorted((one, other) => Number(other) - Number(one)));
    // What the server's own clock goes on meanwhile is not slept, and is little unless the machine stands still.
    expect(Number(left[0])).toBeLessThanOrEqual(120);
    expect(slept).toBeLessThanOrEqual(Number(left[0]) * 1000);
    const [run] = await session.sql<{ age: number }[]>`
      select extract(epoch from clock_timestamp() - started_at)::float8 as age from key_rotation_runs where id = ${runId}`;
    expect(run?.age).toBeGreaterThanOrEqual(600);
  });

  test('it is left at once when the command is interrupted', async () => {
    const ctx = testContext(database.current.url);
    const session = await ctx.db.session();
    const waiting = driven(waitOutGrace(ctx, session, { runId: await insertRun('0 seconds'), graceMs: 3_600_000 }));
    ctx.abort();
    expect((await waiting).events.length).toBeLessThan(2);
  });

  test('an open transaction counts whether it has written or not; its end is waited for', async () => {
    const ctx = testContext(database.current.url);
    const session = await ctx.db.session();
    const client = open();
    await client.unsafe('begin').simple();
    const before = await readOpenTransactions(session.sql);
    expect(before).toHaveLength(1);
    const [{ pid } = { pid: 0 }] = await client<{ pid: number }[]>`select pg_backend_pid() as pid`;
    expect(describeTransaction(before[0]!)).toBe(`pid ${pid} (postgres.js, postgres)`);

    const left = await driven(waitForTransactions(ctx, session, { open: before, patienceMs: 0 }));
    expect(left.result).toEqual(before);
    const waiting = driven(waitForTransactions(ctx, session, { open: before }));
    await client.unsafe('commit').simple();
    expect((await waiting).result).toEqual([]);
    // A later transaction of the same session is another one.
    await client.unsafe('begin').simple();
    expect((await driven(waitForTransactions(ctx, session, { open: before, patienceMs: 0 }))).result).toEqual([]);
    await client.unsafe('rollback').simple();
  });

  test('one that was prepared meanwhile is not lost sight of', async () => {
    const ctx = testContext(database.current.url);
    const session = await ctx.db.session();
    const client = open();
    await client.unsafe('begin; create table prepared_meanwhile ()').simple();
    const before = await readOpenTransactions(session.sql);
    await client.unsafe(`prepare transaction 'meanwhile'`).simple();
    const left = await driven(waitForTransactions(ctx, session, { open: before, patienceMs: 0 }));
    expect(left.result.map(describeTransaction)).toEqual(['prepared transaction "meanwhile" (postgres)']);
    await client.unsafe(`rollback prepared 'meanwhile'`).simple();
    expect((await driven(waitForTransactions(ctx, session, { open: before }))).result).toEqual([]);
  });

  test('what holds a snapshot is found by its age, and described', async () => {
    const { sql } = await testContext(database.current.url).db.session();
    const client = open();
    await client.unsafe('begin isolation level repeatable read; select count(*) from users').simple();
    const [holder] = await readSnapshotHolders(sql, 0);
    expect(describeSnapshotHolder(holder!)).toMatch(
      /^pid \d+ \(postgres\.js, postgres\) has held a snapshot for \d+ s$/,
    );
    expect(await readSnapshotHolders(sql, 3_600_000)).toEqual([]);
    await client.unsafe('rollback').simple();
    expect(await maySeeActivity(sql)).toBe(true);
  });
});
