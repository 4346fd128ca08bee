import { describe, expect, it } from 'vitest';
import { copyOut } from '../../src/db/copy-out.ts';
import { OrdersyncError } from '../../src/errors.ts';
import { asSuperuser, useDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait.ts';
import { useSessions } from './sessions.ts';

const database = useDatabase();
const sessions = useSessions();
const NEVER = new AbortController().signal;
/** In the select list the server makes the rows one by one; after FROM it would make them all before the first. */
const ENDLESS = `copy (select repeat('x', 1000), generate_series(1, 100000000)) to stdout`;

async function textOf(pieces: AsyncIterable<Buffer>): Promise<string> {
  const taken: Buffer[] = [];
  for await (const piece of pieces) taken.push(Buffer.from(piece));
  return Buffer.concat(taken).toString();
}

async function isBusy(pid: number): Promise<boolean> {
  return asSuperuser(async (sql) => {
    const [row] = await sql`select from pg_stat_activity where pid = ${pid}`;
    return row !== undefined;
  });
}

describe('COPY TO STDOUT', () => {
  it('gives out what the server writes, rows of any length, and uses the session up', async () => {
    const session = await sessions.open(database.current.url);
    const text = await textOf(
      copyOut(
        session,
        `copy (select n, repeat('가', n * 400 % 70001) from generate_series(1, 300) n) to stdout`,
        NEVER,
      ),
    );
    const lines = Array.from({ length: 300 }, (_, at) => `${at + 1}\t${'가'.repeat(((at + 1) * 400) % 70_001)}\n`);
    expect(text === lines.join('')).toBe(true);
    expect(session.lost).toBe(true);
    await waitFor(async () => !(await isBusy(session.server.pid)), 'the backend did not end');
  });

  it('gives out nothing for no rows', async () => {
    const session = await sessions.open(database.current.url);
    expect(await textOf(copyOut(session, 'copy (select 1 where false) to stdout', NEVER))).toBe('');
  });

  it('tells the error with which the server ends after some rows', async () => {
    const session = await sessions.open(database.current.url);
    const copy = copyOut(session, 'copy (select 1 / (50000 - n) from generate_series(1, 60000) n) to stdout', NEVER);
    await expect(textOf(copy)).rejects.toMatchObject({ name: 'PostgresError', code: '22012' });
    expect(session.lost).toBe(true);
  });

  it('tells the error of a statement that does not begin', async () => {
    const session = await sessions.open(database.current.url);
    await expect(textOf(copyOut(session, 'copy nowhere to stdout', NEVER))).rejects.toMatchObject({ code: '42P01' });
  });

  it('holds the server back while nobody reads, and the server stops when the reader leaves', async () => {
    const session = await sessions.open(database.current.url);
    const before = process.memoryUsage().arrayBuffers;
    const copy = copyOut(session, ENDLESS, NEVER);
    await copy.next();
    await waitFor(
      async () =>
        asSuperuser(async (sql) => {
          const [row] = await sql`select wait_event from pg_stat_activity where pid = ${session.server.pid}`;
          return row?.['wait_event'] === 'ClientWrite';
        }),
      'the server does not wait for its reader',
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
    await copy.return();
    await waitFor(async () => !(await isBusy(session.server.pid)), 'the server still copies');
  });

  it('ends with the reason of the signal, in the middle and before the beginning', async () => {
    const session = await sessions.open(database.current.url);
    const controller = new AbortController();
    const reason = new OrdersyncError('interrupted', 'stopped', { signal: 'SIGINT' });
    const copy = copyOut(session, ENDLESS, controller.signal);
    await copy.next();
    controller.abort(reason);
    await expect(textOf(copy)).rejects.toBe(reason);
    await waitFor(async () => !(await isBusy(session.server.pid)), 'the server still copies');
    const second = await sessions.open(database.current.url);
    await expect(textOf(copyOut(second, ENDLESS, controller.signal))).rejects.toBe(reason);
    expect(second.lost).toBe(false);
  });

  it('tells of a backend that was terminated', async () => {
    const session = await sessions.open(database.current.url);
    const copy = copyOut(session, ENDLESS, NEVER);
    await copy.next();
    await asSuperuser(async (sql) => sql`select pg_terminate_backend(${session.server.pid})`);
    // A backend that waits for its reader in the middle of a row cannot say a last word.
    await expect(textOf(copy)).rejects.toMatchObject({ code: expect.stringMatching(/^(connection|57P01)$/) });
  });

  it('refuses a session that waits for an answer', async () => {
    const session = await sessions.open(database.current.url);
    const waiting = session.sql`select 1 as one`.execute();
    await Promise.resolve(); // the driver sends in the next microtask
    expect(() => session.takeOver({ data: () => undefined, lost: () => undefined })).toThrow('cannot be taken over');
    expect(await waiting).toEqual([{ one: 1 }]);
  });
});
