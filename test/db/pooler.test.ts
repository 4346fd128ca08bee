import { afterEach, expect, it, type TestContext } from 'vitest';
import { acquireLock } from '../../src/db/lock.ts';
import { runText, simpleText } from '../../src/db/text.ts';
import { systemClock } from '../../src/cli/session.ts';
import { startPooler as start, type Pooler } from '../support/pooler.ts';
import { useDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait.ts';
import { useSessions } from './sessions.ts';

const database = useDatabase();
const sessions = useSessions();
const running: Pooler[] = [];

afterEach(async () => {
  for (const pooler of running.splice(0)) {
    await sessions.closeAll();
    await pooler.stop();
  }
});

async function startPooler(context: TestContext): Promise<string> {
  const pooler = await start(context, database.current.name);
  running.push(pooler);
  return pooler.url;
}

it('a pooler in transaction mode is recognised, and session locks are refused behind it', async (context) => {
  const session = await sessions.open(await startPooler(context));
  expect(session.server).toMatchObject({ pooled: true, database: database.current.name });
  await expect(acquireLock({ session, clock: systemClock() }, { name: 'migrate' })).rejects.toMatchObject({
    code: 'precondition',
  });
  const [direct] = await database.current.sql`select current_setting('client_connection_check_interval') as interval`;
  const [pooled] = await session.sql`select current_setting('client_connection_check_interval') as interval`;
  expect(pooled).toEqual(direct);
});

it('statements with parameters run behind a pooler without prepared statements', async (context) => {
  const url = await startPooler(context);
  const [one, two] = [await sessions.open(url), await sessions.open(url)];
  for (let round = 0; round < 3; round += 1) {
    const rows = await Promise.all([one.sql`select ${round}::int4 as round`, two.sql`select ${round}::int4 as round`]);
    expect(rows.flat()).toEqual([{ round }, { round }]);
  }
  const [row] = await runText<{ count: number }>(one, 'select count(*)::int4 as count from pg_prepared_statements');
  expect(row?.count).toBe(0);
});

it('queries that are sent without waiting get their answers, in order', async (context) => {
  const url = await startPooler(context);
  const [one, two] = [await sessions.open(url), await sessions.open(url)];
  const answers: number[] = [];
  for (let round = 0; round < 300; round += 1) {
    // One without parameters is sent in one go, and the driver would send the next one behind it at once.
    const queries = [one, two].flatMap(({ sql }) => [
      sql<{ round: number }[]>`select 7 as round`,
      sql<{ round: number }[]>`select ${round}::int4 as round`,
    ]);
    for (const rows of await Promise.all(queries)) answers.push(rows[0]!.round);
  }
  expect(answers).toEqual(Array.from({ length: 1200 }, (_, index) => (index % 2 === 0 ? 7 : Math.floor(index / 4))));
});

it('a statement is ended through a pooler, by one request', async (context) => {
  const session = await sessions.open(await startPooler(context));
  for (let round = 0; round < 10; round += 1) {
    const sleeping = simpleText(session, 'select pg_sleep(600)');
    // PgBouncer cuts a client off that cancels while it still waits for a server.
    await waitFor(isAsleep, 'the statement to run');
    await Promise.all([expect(sleeping).rejects.toMatchObject({ code: '57014' }), session.cancel()]);
    expect(await isAsleep()).toBe(false);
  }
});

async function isAsleep(): Promise<boolean> {
  const { name, sql } = database.current;
  const [row] = await sql`select from pg_stat_activity where datname = ${name} and wait_event = 'PgSleep'`;
  return row !== undefined;
}
