import { randomInt } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { compareContent } from '../../../../src/domain/archive/content/compare.ts';
import { contentOfFiles } from '../../../../src/domain/archive/content/read-back.ts';
import { DEFAULT_CODEC, type Codec } from '../../../../src/domain/archive/parquet/compression.ts';
import { OrdersyncError } from '../../../../src/errors.ts';
import { createEveryType, everyTypeSource, fillEveryType } from '../../../support/archive/every-type.ts';
import { exportToMemory, type InMemory } from '../../../support/archive/exported.ts';
import { memoryStore } from '../../../support/archive/memory-store.ts';
import { testContext } from '../../../support/context.ts';
import { useDatabase } from '../../../support/postgres.ts';

const database = useDatabase();
const ROWS = 100;

beforeAll(async () => {
  await createEveryType(database.current.sql);
  await fillEveryType(database.current.sql, ROWS);
});

async function exported(codec: Codec): Promise<InMemory & { bytes: Buffer; key: string }> {
  const ctx = testContext(database.current.url);
  const all = await exportToMemory(ctx, await everyTypeSource(await ctx.db.session()), { codec });
  const [[key, bytes] = ['', Buffer.alloc(0)]] = [...all.store.objects];
  return { ...all, key, bytes };
}

type Outcome = 'refused' | 'other digest' | 'other content';

/** How reading notices other bytes. @throws Error when it does not, or fails in another way than an OrdersyncError */
async function noticed(
  { archived, key, content }: Awaited<ReturnType<typeof exported>>,
  bytes: Buffer,
): Promise<Outcome> {
  const store = memoryStore();
  store.objects.set(key, bytes);
  try {
    const { files, ...found } = await contentOfFiles(store.read, archived);
    if (!compareContent(content, found).equal) return 'other content';
    if (files[0]?.sha256 !== archived.files[0]?.sha256) return 'other digest';
  } catch (error) {
    const named =
      error instanceof OrdersyncError && error.code === 'unhealthy' && error.message.startsWith(`${key} is damaged`);
    if (!named || error.details.facts?.['file'] !== key) throw error;
    return 'refused';
  }
  throw new Error('nothing was noticed');
}

describe('damage to a file', () => {
  it.each([...new Set<Codec>(['gzip', 'none', DEFAULT_CODEC])])(
    'of one flipped bit is noticed wherever it is (%s)',
    async (codec) => {
      const whole = await exported(codec);
      const outcomes = new Map<Outcome, number>();
      // All of the ends, where the structure is, and places between them.
      const places = [
        ...Array.from({ length: 30 }, (_, at) => at),
        ...Array.from({ length: 200 }, (_, at) => whole.bytes.length - 1 - at),
        ...Array.from({ length: 250 }, () => randomInt(whole.bytes.length)),
      ];
      for (const place of places) {
        const bit = randomInt(8);
        const bytes = Buffer.from(whole.bytes);
        bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
        const outcome = await noticed(whole, bytes).catch((error: unknown) => {
          throw new Error(`bit ${bit} of byte ${place} of ${bytes.length}`, { cause: error });
        });
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      // Without compression a changed value is a value like another: the rows' own digests tell.
      const kinds = codec === 'none' ? ['other content', 'other digest', 'refused'] : ['other digest', 'refused'];
      expect([...outcomes.keys()]).toEqual(expect.arrayContaining(kinds));
    },
  );

  it('by cutting, lengthening or mixing is told with the place', async () => {
    const whole = await exported('gzip');
    const { bytes, key, archived } = whole;
    for (const cut of [1, 8, 9, 100, bytes.length - 20, bytes.length - 1]) {
      expect(await noticed(whole, bytes.subarray(0, bytes.length - cut))).toBe('refused');
    }
    expect(await noticed(whole, Buffer.concat([bytes, Buffer.from('x')]))).toBe('refused');
    expect(await noticed(whole, Buffer.alloc(bytes.length))).toBe('refused');
    const blind = { ...archived, files: [{ ...archived.files[0]!, bytes: 0 }] };
    await expect(contentOfFiles(whole.store.read, blind)).rejects.toThrow(
      `${key} is damaged, in the footer: the file is too short`,
    );
    const renamed = {
      ...archived,
      columns: archived.columns.map((column) => (column.name === 'flag' ? { ...column, name: 'flags' } : column)),
    };
    await expect(contentOfFiles(whole.store.read, renamed)).rejects.toThrow(
      'the file\'s column 9 is not "flags" of its manifest',
    );
    const retyped = {
      ...archived,
      columns: archived.columns.map((column) =>
        column.name === 'flag' ? { ...column, type: 'text', oid: 25 } : column,
      ),
    };
    await expect(contentOfFiles(whole.store.read, retyped)).rejects.toMatchObject({ code: 'unhealthy' });
  });

  it('between the footer and the rows is noticed too: the store must not change its mind', async () => {
    const { archived, bytes, key } = await exported('gzip');
    const other = Buffer.from(bytes);
    other[bytes.length - 12] = (other[bytes.length - 12] ?? 0) ^ 1;
    const fickle = async function* fickle(_key: string, range?: { readonly offset: number; readonly length: number }) {
      yield range === undefined ? other : bytes.subarray(range.offset, range.offset + range.length);
    };
    await expect(contentOfFiles(fickle, archived)).rejects.toThrow(
      `${key} is damaged, in the footer: it came differently`,
    );
  });

  it('is rows in another order, too', async () => {
    const { content } = await exported('gzip');
    const ctx = testContext(database.current.url);
    const byId = { timeColumn: undefined, orderedBy: ['id'] };
    const swapped = await exportToMemory(ctx, await everyTypeSource(await ctx.db.session(), byId));
    expect(swapped.content.rows).toBe(content.rows);
    expect(swapped.content.root).not.toBe(content.root);
    const asIfByTime = { ...swapped.archived, timeColumn: 'created_at' };
    await expect(contentOfFiles(swapped.store.read, asIfByTime)).rejects.toMatchObject({
      code: 'unhealthy',
      message: expect.stringContaining('the rows are not in the order of their time'),
    });
  });
});
