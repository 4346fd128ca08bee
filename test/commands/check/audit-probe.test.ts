import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EmbeddedServer } from '../../../src/embedded/server.ts';
import { withParameters } from '../../db/sessions.ts';
import { run } from '../../support/io.ts';
import { startServer, startStandby } from '../../support/postgres.ts';
import { assertNoServerErrors, markServerLog } from '../../support/server-log.ts';
import type { Row } from './fixture.ts';
import { useSeeded } from './fixture.ts';

const commands = useSeeded();
const sql = () => commands.database.current.sql;
const WRITES = 'sec.audit-writes';
const IMMUTABLE = 'sec.audit-immutable';

/** What is in the tables, and which version of which row: a change that was kept shows. */
async function contents(): Promise<unknown> {
  return sql()`
    select (select md5(string_agg(users::text, '' order by id)) from users) as users,
           (select md5(string_agg(payments::text, '' order by id)) from payments) as payments,
           (select md5(string_agg(concat(ctid, audit_logs::text), '' order by id)) from audit_logs) as audit_logs`;
}

async function replaced(name: string, from: string | RegExp, to: string): Promise<() => Promise<unknown>> {
  const [own] = await sql()<{ text: string }[]>`select pg_get_functiondef(${name}::regproc) as text`;
  await sql().unsafe(own!.text.replace(from, to));
  return async () => sql().unsafe(own!.text);
}

describe('the audit trail is tried out', () => {
  test('as the application changes a user and a payment, and nothing of it stays', async () => {
    const before = await contents();
    const mark = await markServerLog();
    const rows = await commands.rows('--only sec.audit-*');
    await assertNoServerErrors(mark, commands.database.current.name);
    expect(Object.fromEntries(rows.map(({ id, evidence }) => [id, evidence]))).toMatchObject({
      [WRITES]: [
        'a change of users as application_role was recorded as UPDATE_USER, and taken back',
        'a change of payments as application_admin_role was recorded as UPDATE_PAYMENT, and taken back',
      ],
      [IMMUTABLE]: [
        expect.stringMatching(/^refused in audit_logs and audit_logs_archive to .*application_role.*postgres/),
      ],
    });
    expect(await contents()).toEqual(before);
    // As application_role the trigger acted for the user; nothing of that is left in a session either.
    expect(await sql()`select from pg_locks where locktype = 'relation' and relation = 'users'::regclass`).toEqual([]);
  });

  test.each([
    ['a trigger that fails', `operation text;`, `operation text; broken integer := 1 / 0;`, 'fails with 22012'],
    ['another action', `'UPDATE_USER'`, `'LOGIN'`, 'lacks its action'],
    ['nobody who did it', `    actor,\n`, `    null,\n`, 'lacks who did it'],
    ['not what was changed', `audit_changes(old_row, new_row, readable)`, `null`, 'lacks what was changed'],
  ])('%s is critical, and no ERROR in the log of the server', async (_what, from, to, words) => {
    const restore = await replaced('auto_audit_log', from, to);
    const mark = await markServerLog();
    const row = await commands.row(WRITES);
    await restore();
    await assertNoServerErrors(mark, commands.database.current.name);
    expect(row).toMatchObject({
      severity: 'critical',
      evidence: expect.arrayContaining([expect.stringContaining(words)]),
    });
    expect((await commands.row(WRITES)).severity).toBe('ok');
  });

  test('a grant and a guard that is gone let the application change the log', async () => {
    await sql()`grant select, update on audit_logs to application_role`;
    const restore = await replaced('audit_logs_guard', /begin\n[^]*end\n/, 'begin return null; end\n');
    const { severity, evidence } = await commands.row(IMMUTABLE);
    await restore();
    await sql()`revoke select, update on audit_logs from application_role`;
    expect(severity).toBe('critical');
    expect(evidence).toContain('application_role can update rows of audit_logs');
    expect(evidence).not.toContain('application_admin_role can update rows of audit_logs');
  });

  test('a row that somebody holds makes it unknown in short time', async () => {
    const holder = await sql().reserve();
    await holder`begin`;
    await holder`select from users order by id limit 1 for update`;
    const row = await commands.row(WRITES);
    await holder`rollback`;
    holder.release();
    expect(row).toMatchObject({
      severity: 'unknown',
      evidence: expect.arrayContaining(['somebody else was changing the row of users']),
    });
  });

  test('a role whose transactions are read-only tries nothing', async () => {
    const url = withParameters(commands.database.current.url, { options: '-c default_transaction_read_only=on' });
    for (const id of [WRITES, IMMUTABLE]) {
      const { severity, evidence, fix } = await commands.row(id, { url });
      expect({ severity, evidence, fixes: fix.length }).toEqual({
        severity: 'unknown',
        evidence: ['transactions of this session are read-only'],
        fixes: 1,
      });
    }
  });
});

describe('on a standby', () => {
  let primary: EmbeddedServer;
  let standby: EmbeddedServer;
  beforeAll(async () => {
    primary = await startServer();
    const { code, stderr } = await run(['migrate', 'up'], { env: { ORDERSYNC_DATABASE_URL: primary.url } });
    if (code !== 0) throw new Error(stderr);
    standby = await startStandby(primary);
  });
  afterAll(async () => {
    await standby?.stop('immediate');
    await primary?.stop('immediate');
  });

  test('nothing is tried, and every check has an honest answer without an error in its log', async () => {
    const mark = await markServerLog(standby.logFile);
    const { stdout } = await run(['check', '--format', 'json'], { env: { ORDERSYNC_DATABASE_URL: standby.url } });
    const rows = (JSON.parse(stdout) as { data: Row[] }).data;
    for (const id of [WRITES, IMMUTABLE]) {
      expect(rows.find((row) => row.id === id)).toMatchObject({
        severity: 'unknown',
        evidence: ['this server is a standby, where nothing can be written'],
      });
    }
    await assertNoServerErrors(mark, 'postgres', standby.logFile);
  });

  test('without users and payments there is nothing to try it with', async () => {
    const { stdout } = await run(['check', '--only', 'sec.audit-*', '--format', 'json'], {
      env: { ORDERSYNC_DATABASE_URL: primary.url },
    });
    const rows = (JSON.parse(stdout) as { data: Row[] }).data;
    expect(rows.find(({ id }) => id === WRITES)).toMatchObject({
      severity: 'unknown',
      evidence: ['there is no row in users to try it with', 'there is no row in payments to try it with'],
    });
    // The guard is met by a statement that reaches no row, too.
    expect(rows.find(({ id }) => id === IMMUTABLE)?.severity).toBe('ok');
  });
});
