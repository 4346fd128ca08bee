import { beforeAll, describe, expect, it } from 'vitest';
import { contentInDatabase } from '../../../../src/domain/archive/content/database.ts';
import { exportSource } from '../../../../src/domain/archive/content/export.ts';
import { contentOfFiles } from '../../../../src/domain/archive/content/read-back.ts';
import { createEveryType, everyTypeSource, fillEveryType } from '../../../support/archive/every-type.ts';
import { memoryStore } from '../../../support/archive/memory-store.ts';
import { driven, testContext } from '../../../support/context.ts';
import { useDatabase } from '../../../support/postgres.ts';

const database = useDatabase();
const ROWS = 12_000;

beforeAll(async () => {
  await createEveryType(database.current.sql);
  await fillEveryType(database.current.sql, ROWS);
});

describe('the content of a source', () => {
  it('is the same by the server, by the stream and by the files', async () => {
    const ctx = testContext(database.current.url);
    const session = await ctx.db.session();
    const source = await everyTypeSource(session);
    const store = memoryStore();
    const openFile = (index: number) => store.upload(`part-${index}`);
    const { result } = await driven(exportSource(ctx, { source, openFile, rowsPerFile: 5000 }));
    expect(result.content.rows).toBe(ROWS);
    expect(result.content).toEqual(await contentInDatabase(session, source));
    const { files, ...content } = await contentOfFiles(store.read, {
      ...source,
      timeColumn: 'created_at',
      files: result.files,
    });
    expect(content).toEqual(result.content);
    expect(files).toEqual(result.files);
  });
});
