import { beforeAll, describe, expect, test } from 'vitest';
import { loadDatabaseKeys } from '../../../src/domain/encryption/database-keys.ts';
import { startApplication } from '../../support/application.ts';
import { testContext } from '../../support/context.ts';
import { useKeyCommands } from './fixture.ts';

describe('key rotate-index of addresses, payments and rate limits', () => {
  const commands = useKeyCommands();
  const sql = () => commands.database.current.sql;
  beforeAll(async () => {
    await commands.fill(await commands.start());
  });

  const steps = async (purpose: string) => {
    for (const step of ['start', 'backfill', 'finish --grace 0']) {
      const { code, stderr } = await commands.key(`rotate-index ${purpose} ${step}`);
      if (code !== 0) throw new Error(`${step}: ${stderr}`);
    }
  };
  const others = () => sql()`
    select id, trace_id, action, ip_address_encrypted, created_at, changes from audit_logs
     where ip_hash is not null order by id`;
  const audited = async () =>
    (await sql()`select count(*)::int as rows from audit_logs where action in ('UPDATE_PAYMENT', 'UPDATE_USER')`)[0];

  test('ip renews sessions, attempts, audit rows and their archive, and changes nothing else of them', async () => {
    const before = await others();
    await steps('ip');
    expect(await others()).toEqual(before);
    const ctx = testContext(commands.database.current.url, '/nowhere', { keys: async () => commands.keyring.open() });
    const keys = await loadDatabaseKeys((await ctx.db.session()).sql, () => ctx.keys());
    const index = await keys.blindIndex('ip');
    for (const [table, address] of [
      ['user_sessions', '192.0.2.1'],
      ['login_attempts', '192.0.2.7'],
      ['audit_logs', '192.0.2.9'],
      ['audit_logs_archive', '192.0.2.9'],
    ] as const) {
      const rows = await sql()`select ip_hash as hash from ${sql()(table)} where ip_hash is not null`;
      expect({ table, rows: [...rows] }).toEqual({ table, rows: [{ hash: index(address) }] });
    }
    expect(await commands.key('verify')).toMatchObject({ code: 0 });
  });

  test('external_id renews payments without an audit row; anybody else who changes a hash leaves one', async () => {
    const before = await audited();
    await steps('external_id');
    expect(await audited()).toEqual(before);
    const [{ hash }] = await sql()<[{ hash: string }]>`select external_id_hash as hash from payments`;
    const shop = commands.database.current.as('staff');
    await shop`update payments set external_id_hash = ${'a'.repeat(64)}`;
    expect(await audited()).toEqual({ rows: Number(before?.['rows']) + 1 });
    await sql()`update payments set external_id_hash = ${hash}`;
  });

  test('what a writer changes between read and write stays as the writer left it', async () => {
    await commands.key('rotate-index external_id start');
    const application = await startApplication(commands.database.current.url, commands.keyring.open());
    const [{ id }] = await sql()<[{ id: string }]>`select id from payments`;
    const pair = application.encrypt('payments', 'external_id_encrypted', id, 'toss-2');
    const hash = application.hash('external_id', 'toss-2');
    const writer = await sql().reserve();
    await writer`begin`;
    await writer`
      update payments
         set external_id_encrypted = ${pair['external_id_encrypted'] ?? ''}, external_id_hash = ${hash}, version = version + 1
       where id = ${id}`;
    const backfill = commands.key('rotate-index external_id backfill');
    const waiting = async () => sql()`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await expect.poll(waiting).toHaveLength(1);
    await writer`commit`;
    writer.release();
    expect(await backfill).toMatchObject({ code: 0, stderr: expect.stringContaining('1 left because others changed') });
    expect(await sql()`select external_id_hash as hash from payments`).toEqual([{ hash }]);
    expect(await commands.key('rotate-index external_id finish --grace 0')).toMatchObject({ code: 0 });
  });

  test('rate_limit begins anew at once', async () => {
    expect(await commands.key('rotate-index rate_limit start')).toMatchObject({ code: 0 });
    expect(
      await sql()`select version, status from blind_index_keys where purpose = 'rate_limit' order by version`,
    ).toEqual([
      { version: 1, status: 'RETIRED' },
      { version: 2, status: 'ACTIVE' },
    ]);
  });
});
