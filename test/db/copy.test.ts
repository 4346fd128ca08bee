import { describe, expect, it } from 'vitest';
import { startCopyIn } from '../../src/db/copy.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { useDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait.ts';
import { useSessions } from './sessions.ts';

const database = useDatabase();
const sessions = useSessions();

async function openWithTable() {
  const session = await sessions.open(database.current.url);
  await session.sql`create temporary table numbers (id integer primary key, label text)`;
  return session;
}

const TARGET = { table: 'numbers', columns: ['id', 'label'] };

describe('COPY FROM STDIN', () => {
  it('stores lines that arrive in pieces, counts them, and leaves the session usable', async () => {
    const session = await openWithTable();
    for (let round = 0; round < 3; round += 1) {
      const copy = await startCopyIn(session, TARGET);
      await copy.write(Buffer.from(`${round * 10}\t가나`));
      await copy.write(Buffer.from(`다\n${round * 10 + 1}\t\\N\n`));
      expect(await copy.finish()).toBe(2);
      const [row] = await session.sql`select count(*)::int as rows, max(label) as label from numbers`;
      expect(row).toEqual({ rows: (round + 1) * 2, label: '가나다' });
    }
  });

  it('takes much more than the buffers hold, without holding it', async () => {
    const session = await openWithTable();
    const copy = await startCopyIn(session, TARGET);
    const before = process.memoryUsage().arrayBuffers;
    let highest = 0;
    for (let piece = 0; piece < 400; piece += 1) {
      const lines = Array.from({ length: 500 }, (_, line) => `${piece * 500 + line}\t${'x'.repeat(250)}\n`);
      await copy.write(Buffer.from(lines.join('')));
      highest = Math.max(highest, process.memoryUsage().arrayBuffers - before);
    }
    expect(await copy.finish()).toBe(200_000);
    expect(highest).toBeLessThan(30_000_000);
  });

  it('says what the server refused while the data was on its way, and goes on', async () => {
    const session = await openWithTable();
    const copy = await startCopyIn(session, TARGET);
    const refused = (async () => {
      for (;;) await copy.write(Buffer.from('not a number\tx\n'.repeat(1000)));
    })();
    await expect(refused).rejects.toMatchObject({ code: '22P02' });
    await expect(copy.finish()).rejects.toMatchObject({ code: '22P02' });
    expect(await session.sql`select 1 as one`).toEqual([{ one: 1 }]);
  });

  it('says what the server refused at the end of the data', async () => {
    const session = await openWithTable();
    const copy = await startCopyIn(session, TARGET);
    await copy.write(Buffer.from('1\ta\n1\tb\n'));
    await expect(copy.finish()).rejects.toMatchObject({ code: '23505' });
    const [row] = await session.sql`select count(*)::int as rows from numbers`;
    expect(row).toEqual({ rows: 0 });
  });

  it('refuses a table that is not there', async () => {
    const session = await sessions.open(database.current.url);
    await expect(startCopyIn(session, { table: 'nowhere', columns: ['id'] })).rejects.toMatchObject({ code: '42P01' });
    expect(await session.sql`select 1 as one`).toEqual([{ one: 1 }]);
  });

  it('given up inside a transaction fails the transaction and nothing else', async () => {
    const session = await openWithTable();
    const work = inTransaction(session, async () => {
      const copy = await startCopyIn(session, TARGET);
      await copy.write(Buffer.from('1\ta\n'));
      await copy.abandon();
      await expect(session.sql`select 1`).rejects.toMatchObject({ code: '25P02' });
      throw new Error('as planned');
    });
    await expect(work).rejects.toThrow('as planned');
    const [row] = await session.sql`select count(*)::int as rows from numbers`;
    expect(row).toEqual({ rows: 0 });
  });

  it.each(['write', 'finish'] as const)('a lost backend is an error of %s, not a hang', async (last) => {
    const session = await openWithTable();
    const copy = await startCopyIn(session, TARGET);
    await copy.write(Buffer.from('1\ta\n'));
    await database.current.sql`select pg_terminate_backend(${session.server.pid})`;
    await waitFor(() => session.lost, 'the session to notice its loss');
    const doomed = last === 'write' ? copy.write(Buffer.from('2\tb\n')) : copy.finish();
    await expect(doomed).rejects.toMatchObject({ code: 'connection' });
  });
});
