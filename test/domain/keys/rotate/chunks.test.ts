import { beforeAll, expect, test } from 'vitest';
import { insertChunks } from '../../../../src/domain/keys/rotate/chunk-queries.ts';
import { useRotation } from './fixture.ts';

const fixture = useRotation();
beforeAll(async () => fixture.prepare());

test('chunks cover every page once; the end of a table is cut smaller, so that those who share the work end together', async () => {
  const { begin, addUsers, database } = fixture;
  const { sql } = database.current;
  await addUsers(500);
  await sql`vacuum (freeze, analyze) users`;
  const rotation = await begin('pii', ['users']);
  await sql`delete from key_rotation_chunks`;
  const size = { rows: 1_000_000, pages: 8, bytes: 1024 ** 3 };
  const session = await rotation.ctx.db.session();
  await insertChunks(session, { run: rotation.run.id, tables: ['users'], size });
  const chunks = await sql<{ first: number; end: number }[]>`
    select first_page::integer as first, end_page::integer as end from key_rotation_chunks order by chunk`;
  const [{ pages } = { pages: 0 }] = await sql<{ pages: number }[]>`
    select (pg_relation_size('users') / 8192)::integer as pages`;
  expect(pages).toBeGreaterThan(24);
  const tail = (Math.floor(pages / 8) - 1) * 8;
  const starts = [
    ...Array.from({ length: tail / 8 }, (_, index) => index * 8),
    ...Array.from({ length: Math.ceil((pages - tail) / 2) }, (_, index) => tail + index * 2),
  ];
  expect(chunks).toEqual(starts.map((first, index) => ({ first, end: starts[index + 1] ?? pages })));
});
