import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { splitStatements } from '../../../src/domain/migrations/file/split.ts';
import { createDatabase } from '../../support/postgres.ts';
import { createRole } from '../../support/roles.ts';
import type { TestRole } from '../../support/roles.ts';
import { assertNoServerErrors, markServerLog } from '../../support/server-log.ts';
import type { Row } from './fixture.ts';
import { useSeeded } from './fixture.ts';

const commands = useSeeded();
const idsOf = (rows: readonly Row[]): string[] => rows.map(({ id }) => id);

describe('by the rights of the role', () => {
  let plain: TestRole;
  beforeAll(async () => {
    plain = await createRole();
  });
  afterAll(async () => {
    await commands.database.current.drop();
    await plain.drop();
  });

  test('superuser, owner, pg_monitor and a plain role: honest answers, and no error in the log of the server', async () => {
    const { database } = commands;
    const monitor = await createRole();
    await database.current.sql`grant pg_monitor to ${database.current.sql(monitor.user)}`;
    const urls = {
      superuser: database.current.url,
      owner: database.current.urlFor({ user: 'schema_owner', password: 'schema' }),
      monitor: database.current.urlFor(monitor),
      shop: database.current.urlFor({ user: 'schema_shop', password: 'schema' }),
      plain: database.current.urlFor(plain),
    };
    const mark = await markServerLog();
    const unknown: Record<string, readonly string[]> = {};
    for (const [name, url] of Object.entries(urls)) {
      const rows = await commands.rows('', { url });
      const blind = rows.filter(({ severity }) => severity === 'unknown');
      unknown[name] = idsOf(blind);
      expect(blind.filter(({ fix }) => fix.length === 0).map(({ id }) => id)).toEqual([]);
    }
    await assertNoServerErrors(mark, database.current.name);
    expect(unknown['superuser']).not.toContain('sec.passwords');
    expect(unknown['monitor']).not.toContain('ops.blocking');
    // Nobody who cannot see the rows says that they are well.
    for (const id of [
      'sec.encryption-plaintext',
      'sec.encryption-nonces',
      'sec.rls-behaviour',
      'data.audit-backlog',
      'sec.passwords',
      'sec.hba',
    ]) {
      for (const name of ['monitor', 'shop', 'plain']) expect(unknown[name]).toContain(id);
    }
    expect(unknown['plain']).toEqual(expect.arrayContaining(['ops.blocking', 'data.backup', 'sec.tls-sessions']));
    await database.current.sql`revoke pg_monitor from ${database.current.sql(monitor.user)}`;
    await monitor.drop();
  });

  test('what a missing right asks for opens the eyes of the check', async () => {
    const { database } = commands;
    const url = database.current.urlFor(plain);
    const before = (await commands.rows('--skip mon.*', { url })).filter(({ severity }) => severity === 'unknown');
    expect(before.length).toBeGreaterThan(30);
    for (const { fix, fix_kind: kinds } of before) {
      for (const [index, text] of fix.entries()) {
        if (kinds[index] !== 'sql') continue;
        for (const statement of splitStatements(text).statements) await database.current.sql.unsafe(statement.text);
      }
    }
    const after = idsOf(
      (await commands.rows('--skip mon.*', { url })).filter(({ severity }) => severity === 'unknown'),
    );
    const byRight = before.filter(({ evidence }) => /this role/.test(evidence.join('\n'))).map(({ id }) => id);
    expect(byRight.length).toBeGreaterThan(25);
    expect(after.filter((id) => byRight.includes(id) && !/^data\.backup|^sec\.encryption-readable/.test(id))).toEqual(
      [],
    );
  });
});

test('an empty database: nothing is ok that needs the schema', async () => {
  const empty = await createDatabase();
  const mark = await markServerLog();
  const rows = await commands.rows('', { url: empty.url });
  await assertNoServerErrors(mark, empty.name);
  await empty.drop();
  const seen = rows.filter(({ severity }) => severity === 'ok').map(({ id }) => id);
  expect(
    seen.filter((id) =>
      /^sec\.(encryption|key|rls-e|rls-b|polic|trigger|audit)|^perf\.(partition|indexes|order)|^data\.(?!backup)/.test(
        id,
      ),
    ),
  ).toEqual([]);
});
