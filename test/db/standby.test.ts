import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EmbeddedServer } from '../../src/embedded/server.ts';
import { describeServerError } from '../../src/db/server-error.ts';
import { startServer, startStandby } from '../support/postgres.ts';
import { useSessions } from './sessions.ts';

const sessions = useSessions();
let primary: EmbeddedServer;
let standby: EmbeddedServer;

beforeAll(async () => {
  primary = await startServer();
  standby = await startStandby(primary);
});

afterAll(async () => {
  await standby.stop('immediate');
  await primary.stop('immediate');
});

/** The standby first; both trust the superuser on their sockets. */
function both(kind: string): string {
  return (
    `host=${standby.socketDir},${primary.socketDir} port=${standby.port},${primary.port} ` +
    `user=postgres dbname=postgres target_session_attrs=${kind}`
  );
}

it.each([
  ['any', true],
  ['standby', true],
  ['read-only', true],
  ['prefer-standby', true],
  ['primary', false],
  ['read-write', false],
])('target_session_attrs=%s finds its server among several', async (kind, inRecovery) => {
  const { server } = await sessions.open(both(kind));
  expect(server.inRecovery).toBe(inRecovery);
});

it('prefer-standby takes the primary when there is no standby', async () => {
  const { server } = await sessions.open(
    `host=${primary.socketDir},/nowhere port=${primary.port} user=postgres dbname=postgres target_session_attrs=prefer-standby`,
  );
  expect(server.inRecovery).toBe(false);
});

it('writing to a standby is explained', async () => {
  const { sql } = await sessions.open(both('standby'));
  const error = await sql`create table never (id int4)`.catch((reason: unknown) => reason);
  expect(describeServerError(error)).toMatchObject({ code: 'precondition', details: { sqlstate: '25006' } });
});

it('a server that was restarted is reached by a new session, and the old one stays lost', async () => {
  const session = await sessions.open(both('primary'));
  await primary.restart('fast');
  await expect(session.sql`select 1`).rejects.toMatchObject({ code: 'connection' });
  const next = await sessions.open(both('primary'));
  expect([...(await next.sql`select 1 as one`)]).toEqual([{ one: 1 }]);
  expect(session.lost).toBe(true);
});
