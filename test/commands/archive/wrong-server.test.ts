import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EmbeddedServer } from '../../../src/embedded/server.ts';
import { directoryReader } from '../../chaos/archive/readers.ts';
import { useKeyring } from '../../support/key-store.ts';
import { startPooler } from '../../support/pooler.ts';
import { startServer, startStandby } from '../../support/postgres.ts';
import { runProgram, useBuild } from '../../support/program.ts';
import { migrateUp } from '../../support/schema.ts';
import { addAuditMonth, makeMonths, useReadCommands } from './read-fixture.ts';
import { monthFromNow, ownerUrl } from '../partition/fixture.ts';

const [LEFT, THERE] = [-3, -2].map(monthFromNow) as [string, string];
/** What changes something, and what only says what it would change: nobody should be asked to confirm what cannot be. */
const COMMANDS: readonly [string, string][] = [
  ['archive run', `run --table audit_logs --month ${THERE} --lock-timeout 5s --yes`],
  ['archive run --dry-run', `run --table audit_logs --month ${THERE} --dry-run`],
  ['archive restore --to attach', `restore --table audit_logs --month ${LEFT} --to attach --yes`],
  ['archive restore --to attach --dry-run', `restore --table audit_logs --month ${LEFT} --to attach --dry-run`],
  ['archive restore', `restore --table audit_logs --month ${LEFT} --yes`],
];

useBuild();

describe('where an archive cannot work it says so, and changes nothing', () => {
  const commands = useReadCommands();
  const superuser = () => commands.database.current.sql;

  beforeAll(async () => {
    await makeMonths(commands, 'audit_logs', LEFT);
    await addAuditMonth(commands, LEFT, 4);
    await addAuditMonth(commands, THERE, 4);
    await commands.leave('audit_logs', LEFT);
    await superuser()`create role archive_nobody login password 'schema'`;
    await superuser()`create role archive_reader login password 'schema' in role application_admin_role`;
  });
  afterAll(async () => {
    await superuser()`drop role archive_nobody, archive_reader`;
  });

  const archive = async (words: string, url: string) =>
    runProgram(['archive', ...words.split(' ')], {
      env: { ...commands.keyring.env, ORDERSYNC_ARCHIVE: commands.folder, ORDERSYNC_DATABASE_URL: url },
    });
  const urlOf = (user: string) => commands.database.current.urlFor({ user, password: 'schema' });
  /** Everything that either command could have changed. */
  const everything = async () => ({
    files: await directoryReader(commands.folder).list(),
    tables:
      await superuser()`select oid, relname from pg_class where relkind in ('r', 'p') and relpersistence = 'p' order by oid`,
    journal: await superuser()`select * from archive_journal order by id`,
    head: await superuser()`select * from archive_head`,
    rows: await superuser()`select count(*) from audit_logs`,
  });

  test('behind PgBouncer in transaction mode no month leaves, and none comes back', async (context) => {
    const pooler = await startPooler(context, commands.database.current.name);
    try {
      const before = await everything();
      for (const [, words] of COMMANDS) {
        const { code, stdout, stderr } = await archive(words, pooler.url);
        expect({ words, code, stdout }).toEqual({ words, code: 4, stdout: '' });
        expect(stderr).toContain('a transaction pooler stands between');
        expect(stderr).toContain('hint: give a URL that leads to the server itself');
      }
      expect(await everything()).toEqual(before);
    } finally {
      await pooler.stop();
    }
  });

  test.each([
    ['a role that may do nothing', 'archive_nobody'],
    ['an administrator of the application', 'archive_reader'],
    ['the application', 'schema_shop'],
    ['the rotator', 'schema_rotator'],
  ])('%s is told which rights it lacks', async (_, user) => {
    const before = await everything();
    for (const [, words] of COMMANDS) {
      const { code, stdout, stderr } = await archive(words, urlOf(user));
      expect({ words, code, stdout, stderr }).toMatchObject({ words, code: 3, stdout: '' });
      expect(stderr).toMatch(/hint: /);
      expect(stderr).not.toContain('password');
    }
    expect(await everything()).toEqual(before);
  });

  test('without a server it names the address, and nothing of the password', async () => {
    const url = new URL(ownerUrl(commands.database.current));
    url.port = '1';
    const before = await everything();
    for (const [, words] of COMMANDS) {
      const { code, stdout, stderr } = await archive(words, url.href);
      expect({ words, code, stdout }).toEqual({ words, code: 3, stdout: '' });
      expect(stderr).toContain(':1');
      expect(stderr).toContain('hint: ');
      expect(stderr).not.toContain(':schema@');
    }
    expect(await everything()).toEqual(before);
  });
});

describe('on a standby', () => {
  const keyring = useKeyring();
  let primary: EmbeddedServer;
  let standby: EmbeddedServer;
  let folder: string;

  const archive = async (words: string, server: EmbeddedServer) =>
    runProgram(['archive', ...words.split(' ')], {
      env: { ...keyring.env, ORDERSYNC_ARCHIVE: folder, ORDERSYNC_DATABASE_URL: server.url },
    });

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ordersync-archive-'));
    primary = await startServer();
    const sql = postgres(primary.url, { max: 1, onnotice: () => undefined });
    try {
      await migrateUp(sql);
      await sql`select ensure_month_partitions('audit_logs', ${`${LEFT}-01`}::text::date, ${`${THERE}-01`}::text::date)`;
    } finally {
      await sql.end();
    }
    const left = await archive(`run --table audit_logs --month ${LEFT} --lock-timeout 5s --yes`, primary);
    if (left.code !== 0) throw new Error(left.stderr);
    standby = await startStandby(primary);
  });
  afterAll(async () => {
    await standby.stop('immediate');
    await primary.stop('immediate');
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(COMMANDS)('%s is refused in favour of the primary, and nothing is changed', async (_, words) => {
    const before = await directoryReader(folder).list();
    const { code, stdout, stderr } = await archive(words, standby);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toContain('this server is a standby');
    expect(stderr).toContain('hint: connect to the primary');
    expect(await directoryReader(folder).list()).toEqual(before);
  });

  test('what only reads the archive works there', async () => {
    expect(await archive('verify', standby)).toMatchObject({ code: 0 });
    expect(await archive('list', standby)).toMatchObject({ code: 0 });
    expect(await archive('head', standby)).toMatchObject({ code: 0 });
  });
});
