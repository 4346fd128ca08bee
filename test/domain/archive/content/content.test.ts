import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { inTransaction } from '../../../../src/db/transaction.ts';
import { readColumns } from '../../../../src/domain/archive/content/columns.ts';
import { compareContent } from '../../../../src/domain/archive/content/compare.ts';
import { contentInDatabase } from '../../../../src/domain/archive/content/database.ts';
import { exportSource } from '../../../../src/domain/archive/content/export.ts';
import { contentOfFiles } from '../../../../src/domain/archive/content/read-back.ts';
import { copyBinaryOf } from '../../../../src/domain/archive/content/rows.ts';
import { OrdersyncError } from '../../../../src/errors.ts';
import { createEveryType, everyTypeSource, fillEveryType } from '../../../support/archive/every-type.ts';
import { exportToMemory } from '../../../support/archive/exported.ts';
import { memoryStore } from '../../../support/archive/memory-store.ts';
import { driven, testContext } from '../../../support/context.ts';
import { useDatabase } from '../../../support/postgres.ts';

const database = useDatabase();
const ROWS = 3600;

beforeAll(async () => {
  await createEveryType(database.current.sql);
  await fillEveryType(database.current.sql, ROWS);
});

async function open() {
  const ctx = testContext(database.current.url);
  const session = await ctx.db.session();
  return { ctx, session, source: await everyTypeSource(session) };
}

/** Changes rows for one test only. */
async function changed<Result>(statement: string, work: (opened: Awaited<ReturnType<typeof open>>) => Promise<Result>) {
  const opened = await open();
  let result: Result | undefined;
  const rolledBack = new Error('as planned');
  await expect(
    inTransaction(opened.session, async () => {
      await opened.session.sql.unsafe(statement);
      result = await work(opened);
      throw rolledBack;
    }),
  ).rejects.toBe(rolledBack);
  return result as Result;
}

describe('the content of a source', () => {
  it('is the same by the server, by the stream and by the files, however they are cut', async () => {
    const { ctx, session, source } = await open();
    const { content, files, store, archived } = await exportToMemory(ctx, source, { rowsPerFile: 1500 });
    expect(files.map(({ rows }) => rows)).toEqual([1500, 1500, 600]);
    expect(content.rows).toBe(ROWS);
    expect(content.leaves.length).toBeGreaterThan(3);
    expect(content).toEqual(await contentInDatabase(session, source));
    const heard: number[] = [];
    const { files: read, ...found } = await contentOfFiles(store.read, archived, { tick: (rows) => heard.push(rows) });
    expect(found).toEqual(content);
    expect(read).toEqual(files);
    expect(compareContent(content, found)).toEqual({ equal: true, differing: [] });
    const one = await exportToMemory(ctx, source, { codec: 'none' });
    expect(one.content).toEqual(content);
    expect(one.files).toHaveLength(1);
    expect((await contentOfFiles(one.store.read, one.archived)).root).toBe(content.root);
  });

  it('is what the page says: sha256 over hours of sha256 over rows', async () => {
    const { session, source } = await open();
    const names = source.columns.map(({ name }) =>
      name === 'shade'
        ? 'shade::text'
        : name === 'label'
          ? 'label::varchar'
          : name === 'share'
            ? 'share::numeric'
            : name,
    );
    const [row] = await database.current.sql.unsafe(`
      select encode(sha256(string_agg(leaf, ''::bytea order by hour)), 'hex') as root
        from (select date_trunc('hour', created_at, 'UTC') as hour, sha256(string_agg(digest, ''::bytea order by created_at, id)) as leaf
                from (select created_at, id, sha256(record_send(row(${names.join(', ')}))) as digest from every_type) rows
               group by 1) hours`);
    expect(await contentInDatabase(session, source)).toMatchObject({ root: row?.['root'], rows: ROWS });
  });

  it('counts encrypted values by the key that they name', async () => {
    const { ctx, session, source } = await open();
    const [counts] = await database.current.sql`
      select count(*) filter (where secret_encrypted like 'os1!_AAAAAAAA%' escape '!')::int as first,
             count(*) filter (where secret_encrypted like 'os1!_k-!_9zzzz%' escape '!')::int as second
        from every_type`;
    const expected = { AAAAAAAA: counts?.['first'], 'k-_9zzzz': counts?.['second'] };
    expect((await contentInDatabase(session, source)).keyIds).toEqual(expected);
    expect((await exportToMemory(ctx, source)).content.keyIds).toEqual(expected);
  });

  it('names the hour in which a value was flipped, a row is missing, or one came late', async () => {
    const { session, source } = await open();
    const before = await contentInDatabase(session, source);
    const second = before.leaves[1]?.hour ?? '';
    const hours = `created_at >= '${second}' and created_at < '${second}'::timestamptz + interval '1 hour'`;
    const one = `id = (select id from every_type where flag and ${hours} order by id limit 1)`;
    const after = async (statement: string) =>
      changed(statement, async (opened) => compareContent(before, await contentInDatabase(opened.session, source)));
    expect((await after(`update every_type set flag = false where ${one}`)).differing).toMatchObject([
      { hour: second, kind: 'changed', message: 'its rows are not the archived ones' },
    ]);
    const rows = before.leaves[1]?.rows ?? 0;
    expect((await after(`delete from every_type where ${one}`)).differing).toMatchObject([
      { hour: second, expected: rows, found: rows - 1, message: `${rows - 1} rows, not ${rows}` },
    ]);
    expect((await after(`delete from every_type where ${hours}`)).differing).toMatchObject([
      { hour: second, kind: 'missing' },
    ]);
    const late = `insert into every_type (id, created_at) values (gen_random_uuid(), '2025-02-28 23:59:59.999999Z')`;
    expect((await after(late)).differing).toMatchObject([{ hour: '2025-02-28T23:00:00Z', kind: 'extra' }]);
  });

  it('of no rows has no files, and the root of nothing', async () => {
    const { ctx, session } = await open();
    const source = await everyTypeSource(session, { from: 'from every_type as source where false' });
    const { content, files, store, archived } = await exportToMemory(ctx, source);
    const nothing = createHash('sha256').digest('hex');
    expect(content).toEqual({ rows: 0, minTime: null, maxTime: null, leaves: [], root: nothing, keyIds: {} });
    expect(files).toEqual([]);
    expect(await contentInDatabase(session, source)).toEqual(content);
    expect(await contentOfFiles(store.read, archived)).toEqual({ ...content, files: [] });
  });

  it('without a time column is one leaf', async () => {
    const { ctx, session } = await open();
    const source = await everyTypeSource(session, { timeColumn: undefined, orderedBy: ['id'] });
    const { content, store, archived } = await exportToMemory(ctx, source);
    expect(content).toMatchObject({ rows: ROWS, minTime: null, maxTime: null, leaves: [{ hour: null, rows: ROWS }] });
    expect(await contentInDatabase(session, source)).toEqual(content);
    expect((await contentOfFiles(store.read, archived)).root).toBe(content.root);
  });

  it('comes from the snapshot that the caller holds', async () => {
    const { ctx, session, source } = await open();
    const late = `insert into every_type (id, created_at) values ('00000000-0000-4000-8000-000000000001', '2025-03-01Z')`;
    await inTransaction(
      session,
      async () => {
        const [row] = await session.sql<{ snapshot: string }[]>`select pg_export_snapshot() as snapshot`;
        await database.current.sql.unsafe(late);
        const { content } = await exportToMemory(ctx, source, { snapshot: row?.snapshot ?? '' });
        expect(content).toEqual(await contentInDatabase(session, source));
        expect(content.rows).toBe(ROWS);
      },
      'isolation level repeatable read, read only',
    );
    await database.current.sql`delete from every_type where id = '00000000-0000-4000-8000-000000000001'`;
  });
});

describe('an export', () => {
  it('takes rows of many megabytes', async () => {
    const { ctx, session } = await open();
    const source = await everyTypeSource(session, {
      from: `from (select id, created_at, repeat('길다', 2000000) as words, name, secret_encrypted, note, amount, day, flag,
                          small, number, big, ratio, shade, label, share, never
                     from every_type order by id limit 3) as source`,
    });
    const { content, store, archived } = await exportToMemory(ctx, source);
    expect(content.rows).toBe(3);
    expect(content).toEqual(await contentInDatabase(session, source));
    expect((await contentOfFiles(store.read, archived)).root).toBe(content.root);
  });

  it('is not made in an order that depends on a collation, or in another than that of time', async () => {
    const { ctx, session, source } = await open();
    const byWords = { ...source, timeColumn: undefined, orderedBy: ['words'] };
    await expect(exportToMemory(ctx, byWords)).rejects.toThrow('cannot be ordered by words');
    await expect(contentInDatabase(session, { ...source, orderedBy: ['id'] })).rejects.toThrow(
      'created_at has to order',
    );
  });

  it('refuses by name what an archive cannot hold', async () => {
    const { ctx, session, source } = await open();
    await session.sql`create table odd (id uuid, address inet, list text[])`;
    await expect(readColumns(session.sql, { schema: 'public', name: 'odd' })).rejects.toMatchObject({
      code: 'precondition',
      details: { body: ['column "address" is inet', 'column "list" is text[]'] },
    });
    await session.sql`drop table odd`;
    const withValue = async (column: string, type: string, value: string) =>
      exportToMemory(ctx, {
        ...source,
        from: `from (select ${source.columns
          .map(({ name }) => (name === column ? `'${value}'::${type} as ${name}` : name))
          .join(', ')} from every_type limit 1) as source`,
      });
    await expect(withValue('day', 'date', '-infinity')).rejects.toThrow(
      'column "day" holds -infinity, which an archive cannot',
    );
    await expect(withValue('created_at', 'timestamptz', 'infinity')).rejects.toMatchObject({ code: 'precondition' });
    await expect(withValue('created_at', 'timestamptz', '294276-12-31Z')).rejects.toMatchObject({
      code: 'precondition',
    });
  });

  it('leaves no file behind when the store fails, the server fails, or it is interrupted', async () => {
    const { source } = await open();
    const fails = async (request: { write?: () => Promise<void>; terminate?: boolean; abort?: boolean }) => {
      const ctx = testContext(database.current.url);
      const store = memoryStore();
      let abandoned = 0;
      const openFile = async (index: number) => {
        const upload = await store.upload(`part-${index}`);
        if (request.terminate) await terminateExport();
        if (request.abort) ctx.abort(new OrdersyncError('interrupted', 'stopped', { signal: 'SIGINT' }));
        const write = request.write ?? ((piece: Uint8Array) => upload.write(piece));
        return { ...upload, write, abandon: async () => void (abandoned += 1) };
      };
      const work = driven(exportSource(ctx, { source, openFile }));
      await expect(work).rejects.toMatchObject({ code: expect.any(String) });
      expect([...store.objects.keys()]).toEqual([]);
      expect(abandoned).toBe(1);
    };
    await fails({ write: async () => Promise.reject(new OrdersyncError('connection', 'the store is gone')) });
    await fails({ abort: true });
    await fails({ terminate: true });
  });
});

describe('the rows of files', () => {
  it('go back by COPY into a table whose content is the same', async () => {
    const { ctx, session, source } = await open();
    const { content, store, archived } = await exportToMemory(ctx, source, { rowsPerFile: 2000 });
    await session.sql`create table restored (like every_type)`;
    const copy = await database.current.sql`copy restored from stdin (format binary)`.writable();
    await pipeline(copyBinaryOf(store.read, archived), copy);
    expect(await contentInDatabase(session, { ...source, from: 'from restored as source' })).toEqual(content);
    await session.sql`drop table restored`;
  });
});

async function terminateExport(): Promise<void> {
  await database.current.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name like '%(export)'`;
}
