import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import postgres from 'postgres';
import { reportCommands } from '../../../src/domain/reports/catalog.ts';
import { VERDICTS } from '../../../src/domain/reports/report-file.ts';
import type { EmbeddedServer } from '../../../src/embedded/server.ts';
import { startServer, testServer } from '../../support/postgres.ts';
import type { TestRole } from '../../support/roles.ts';
import { createRole } from '../../support/roles.ts';
import { useSchema } from '../../support/schema.ts';
import { assertNoServerErrors, markServerLog } from '../../support/server-log.ts';
import { answer, verdictOf } from './fixture.ts';

/**
 * Every report for each kind of role, with pg_stat_statements usable, not created and not loaded, on the server of this run;
 * `npm run test:matrix` repeats it on each version.
 */
const REPORTS = [...reportCommands('monitor').keys()];
const ROLES = ['superuser', 'pg_monitor', 'plain role'] as const;
type Role = (typeof ROLES)[number];

it('there are reports', () => {
  expect(REPORTS.length).toBeGreaterThan(10);
});

describe('with pg_stat_statements', () => {
  const database = useSchema();
  const roles = useRoles();
  const urlFor = (role: Role) => roles.urlFor(role, database.current);
  beforeAll(async () => {
    await database.current.sql`create extension pg_stat_statements`;
    await database.current.sql`select 'so that there is a statement'`;
  });
  answersAll(urlFor, () => ({ log: testServer().logFile, database: database.current.name }));

  it('tells a plain role what it cannot see, and not that all is well', async () => {
    const found = await answer(urlFor('plain role'), 'slow-queries');
    expect(found).toMatchObject({ code: 0, warnings: [expect.stringContaining('grant pg_read_all_stats to')] });
    expect(verdictOf(found, 'slow-queries')).toBe('unknown');
    expect(verdictOf(await answer(urlFor('superuser'), 'slow-queries'), 'slow-queries')).toBe('ok');
    for (const report of ['connections', 'activity', 'blocking']) {
      const { verdicts = [] } = await answer(urlFor('plain role'), report);
      expect([report, verdicts[0]]).toMatchObject([
        report,
        { verdict: 'unknown', fix: expect.stringContaining('grant') },
      ]);
    }
    expect(await answer(urlFor('plain role'), 'volumes')).toMatchObject({
      code: 3,
      data: [],
      verdicts: [{ verdict: 'unknown', fix: expect.stringContaining('grant select on public.orders') }],
    });
  });
});

describe('without pg_stat_statements', () => {
  const database = useSchema();
  const roles = useRoles();
  const urlFor = (role: Role) => roles.urlFor(role, database.current);
  answersAll(urlFor, () => ({ log: testServer().logFile, database: database.current.name }));

  it.each(ROLES)('names the missing extension and its fix to a %s, and shows what runs now', async (role) => {
    const found = await answer(urlFor(role), 'slow-queries');
    expect(found.verdicts?.[0]).toMatchObject({
      section: 'slow-queries',
      verdict: 'unknown',
      reason: expect.stringContaining('pg_stat_statements is not created'),
      fix: 'create extension pg_stat_statements',
    });
  });
});

describe('with pg_stat_statements that is not loaded', () => {
  let server: EmbeddedServer | undefined;
  const logins: Partial<Record<Role, { user: string; password: string }>> = {};
  const current = (): EmbeddedServer => {
    if (server === undefined) throw new Error('the server exists inside tests only');
    return server;
  };
  const urlFor = (role: Role) => current().urlFor('postgres', logins[role]);
  beforeAll(async () => {
    server = await startServer({ settings: { shared_preload_libraries: '' } });
    const sql = postgres(server.url, { max: 1 });
    try {
      await sql`create extension pg_stat_statements`;
      await sql.unsafe(`create role watcher login password 'watcher' in role pg_monitor`);
      await sql.unsafe(`create role plain login password 'plain'`);
    } finally {
      await sql.end();
    }
    logins['pg_monitor'] = { user: 'watcher', password: 'watcher' };
    logins['plain role'] = { user: 'plain', password: 'plain' };
  });
  afterAll(async () => server?.stop('immediate'));
  answersAll(urlFor, () => ({ log: current().logFile, database: 'postgres' }));

  it.each(ROLES)('tells a %s that a restart is needed', async (role) => {
    expect((await answer(urlFor(role), 'slow-queries')).verdicts?.[0]).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('shared_preload_libraries'),
      fix: expect.stringContaining('restart'),
    });
  });
});

function answersAll(
  urlFor: (role: Role) => string,
  place: () => { readonly log: string; readonly database: string },
): void {
  it.each(ROLES)(
    'every report answers a %s in the documented shape, without an error in the server log',
    async (role) => {
      const { log, database } = place();
      const mark = await markServerLog(log);
      for (const report of REPORTS) {
        const found = await answer(urlFor(role), report);
        expect([report, Object.keys(found)]).toEqual([report, expect.arrayContaining(MEMBERS)]);
        expect([report, found]).toMatchObject([
          report,
          { schemaVersion: 1, command: `monitor ${report}`, code: expect.toSatisfy(isAnswer) },
        ]);
        const verdicts = [...(found.verdicts ?? []), ...found.data.filter((row) => 'verdict' in row)];
        expect(verdicts.filter(({ verdict }) => !VERDICTS.some((known) => known === verdict))).toEqual([]);
        // Whatever is not well says why, and an unknown says what would change that.
        expect(verdicts.filter(({ verdict, reason }) => verdict !== 'ok' && !reason)).toEqual([]);
        expect(verdicts.filter(({ verdict, fix }) => verdict === 'unknown' && !fix)).toEqual([]);
      }
      await assertNoServerErrors(mark, database, log);
    },
  );
}

const MEMBERS = ['schemaVersion', 'command', 'server', 'collectedAt', 'warnings', 'data'];

function isAnswer(code: number): boolean {
  return code === 0 || code === 3;
}

interface Roles {
  urlFor(role: Role, database: { readonly url: string; urlFor(login: TestRole): string }): string;
}

function useRoles(): Roles {
  const roles: TestRole[] = [];
  beforeAll(async () => {
    roles.push(await createRole(), await createRole());
    const sql = postgres(testServer().url, { max: 1 });
    try {
      await sql`grant pg_monitor to ${sql(roles[0]!.user)}`;
    } finally {
      await sql.end();
    }
  });
  afterAll(async () => {
    for (const role of roles) await role.drop();
  });
  return {
    urlFor: (role, database) =>
      role === 'superuser' ? database.url : database.urlFor(roles[role === 'pg_monitor' ? 0 : 1]!),
  };
}
