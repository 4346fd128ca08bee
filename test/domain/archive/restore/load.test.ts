import { describe, expect, test } from 'vitest';
import { readColumns } from '../../../../src/domain/archive/content/columns.ts';
import { exportSource } from '../../../../src/domain/archive/content/export.ts';
import type { ArchivedSource } from '../../../../src/domain/archive/manifest/manifest.ts';
import { contentOfTable, loadSource } from '../../../../src/domain/archive/restore/load.ts';
import { createTable } from '../../../../src/domain/archive/restore/ddl.ts';
import type { RestorableSource } from '../../../../src/domain/archive/restore/sources.ts';
import { simpleText } from '../../../../src/db/text.ts';
import { inTransaction } from '../../../../src/db/transaction.ts';
import { OrdersyncError } from '../../../../src/errors.ts';
import type { ObjectStore } from '../../../../src/store/store.ts';
import { memoryStore } from '../../../support/archive/memory-store.ts';
import type { TestContext } from '../../../support/context.ts';
import { driven, testContext } from '../../../support/context.ts';
import { useDatabase } from '../../../support/postgres.ts';

describe('rows that are loaded from an archive', () => {
  const database = useDatabase();
  const store = memoryStore();
  const read = { read: store.read } as unknown as ObjectStore; // loading reads, and nothing else
  const target = { schema: 'public', name: 'restored' };

  /** Archives what the table `items` holds now, as one part. */
  async function archived(ctx: TestContext, name: string): Promise<ArchivedSource> {
    const { sql } = await ctx.db.session();
    const columns = await readColumns(sql, { schema: 'public', name: 'items' });
    const source = { table: 'items', columns, timeColumn: 'created_at', orderedBy: ['created_at', 'id'] };
    const { result } = await driven(
      exportSource(ctx, {
        source: { ...source, from: 'from public.items as source' },
        openFile: async (index) => store.upload(`${name}-${index}.parquet`),
        rowsPerFile: 2,
      }),
    );
    return { ...source, ...result.content, files: result.files };
  }

  async function prepared() {
    const ctx = testContext(database.current.url);
    const { sql } = database.current;
    await sql`drop table if exists items, restored`;
    await sql`create table items (id uuid primary key, word text, created_at timestamptz not null)`;
    const ids = [1, 2, 3, 4].map((digit) => `00000000-0000-7000-8000-00000000000${digit}`);
    const put = async (id: string, word: string | null) => sql`
      insert into items values (${id}, ${word}, timestamptz '2025-01-10 00:00Z' + ${Number(id.at(-1))} * interval '40 minutes')
      on conflict (id) do update set word = excluded.word`;
    return { ctx, sql, ids, put };
  }

  async function load(ctx: TestContext, parts: readonly ArchivedSource[], from: ObjectStore = read) {
    const session = await ctx.db.session();
    const [first] = parts;
    const wanted: RestorableSource = {
      table: 'items',
      columns: first!.columns,
      parts: parts.map((source, index) => ({ sequence: index + 1, source })),
      key: ['id'],
    };
    const needs = { session, signal: ctx.signal, store: from, advance: () => undefined };
    return inTransaction(session, async () => {
      await simpleText(session, createTable(target, wanted.columns));
      return loadSource(needs, target, wanted);
    });
  }

  test('are those of the month, with late ones added and in the place of those that they replace', async () => {
    const { ctx, sql, ids, put } = await prepared();
    for (const id of ids.slice(0, 3)) await put(id, `처음 ${id.at(-1)}`);
    const month = await archived(ctx, 'month');
    expect(month.files).toHaveLength(2);
    await sql`delete from items where id <> ${ids[1]!}`;
    await put(ids[1]!, null);
    await put(ids[3]!, 'late');
    const late = await archived(ctx, 'late');
    const content = await load(ctx, [month, late]);
    expect([...(await sql`select id, word from restored order by id`)]).toEqual([
      { id: ids[0], word: '처음 1' },
      { id: ids[1], word: null },
      { id: ids[2], word: '처음 3' },
      { id: ids[3], word: 'late' },
    ]);
    expect(content).toMatchObject({ rows: 4 });
    const session = await ctx.db.session();
    const now = await inTransaction(session, async () =>
      contentOfTable({ session, signal: ctx.signal }, target, month),
    );
    expect(now.root).toBe(content.root);
  });

  test('are refused, and none is kept, when they are not those that the manifest signs', async () => {
    const { ctx, sql, ids, put } = await prepared();
    for (const id of ids) await put(id, 'word');
    const whole = await archived(ctx, 'whole');
    const leaves = whole.leaves.map((leaf, index) => (index === 1 ? { ...leaf, sha256: 'f'.repeat(64) } : leaf));
    await expect(load(ctx, [{ ...whole, leaves, root: 'e'.repeat(64) }])).rejects.toMatchObject({
      code: 'unhealthy',
      details: { body: [`${leaves[1]!.hour}: its rows are not the archived ones`] },
    });
    await expect(load(ctx, [{ ...whole, rows: 5 }])).rejects.toMatchObject({ code: 'unhealthy' });
    store.objects.set('whole-1.parquet', Buffer.from('PAR1 and nothing that was written here PAR1'));
    await expect(load(ctx, [whole])).rejects.toMatchObject({ code: 'unhealthy' });
    expect([...(await sql`select to_regclass('restored') as kept`)]).toEqual([{ kept: null }]);
  });

  test('stop at an interrupt, and none is kept', async () => {
    const { ctx, sql, ids, put } = await prepared();
    for (const id of ids) await put(id, 'word');
    const whole = await archived(ctx, 'interrupted');
    const interrupting = {
      read: (key: string, range?: { readonly offset: number; readonly length: number }) => {
        if (key === 'interrupted-1.parquet') ctx.abort(new OrdersyncError('interrupted', 'interrupted by SIGINT'));
        return store.read(key, range);
      },
    } as unknown as ObjectStore; // loading reads, and nothing else
    await expect(load(ctx, [whole], interrupting)).rejects.toMatchObject({ code: 'interrupted' });
    expect([...(await sql`select to_regclass('restored') as kept`)]).toEqual([{ kept: null }]);
  });
});
