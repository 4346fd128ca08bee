import { setTimeout as sleep } from 'node:timers/promises';
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
  // The session that found it accepting stays open: PgBouncer loses cancel requests far more often when it is closed.
  const pooler = await start(context, database.current.name, accepts);
  running.push(pooler);
  return pooler.url;
}

async function accepts(url: string): Promise<boolean> {
  return sessions.open(url).then(
    () => true,
    () => false,
  );
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

it('a statement is ended through a pooler', async (context) => {
  const session = await sessions.open(await startPooler(context));
  let failure: unknown;
  const sleeping = simpleText(session, 'select pg_sleep(600)').catch((error: unknown) => {
    failure = error;
  });
  // PgBouncer cuts a client off that cancels while it still waits for a server.
  await waitFor(isAsleep, 'the statement to run');
  // And it may lose a request: PostgreSQL's protocol never says whether one arrived. A second one while the first is on
  // its way would cut the client off too, so there is time between them.
  for (let asked = 0; asked < 10; asked += 1) {
    if (failure !== undefined) break;
    await session.cancel();
    await Promise.race([sleeping, sleep(10_000)]);
  }
  await sleeping;
  // PgBouncer 1.18 passes the request on, or now and then cuts the client off; either way the server works no more.
  expect(['57014', 'connection']).toContain((failure as { code: string }).code);
  await waitFor(async () => !(await isAsleep()), 'the statement to end on the server');
});

async function isAsleep(): Promise<boolean> {
  const { name, sql } = database.current;
  const [row] = await sql`select from pg_stat_activity where datname = ${name} and wait_event = 'PgSleep'`;
  return row !== undefined;
}
