import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../support/io.ts';
import { useBuild } from '../../support/program.ts';
import { monthFromNow } from '../partition/fixture.ts';
import { useRewrapFolder } from './rewrap-fixture.ts';

const [MONTH, OTHER] = [monthFromNow(-3), monthFromNow(-2)] as [string, string];
const count = (table: string) => `select count(*) as rows from ${table}`;

useBuild();

describe('a month with late rows', () => {
  const site = useRewrapFolder();
  const sql = () => site.database.current.as('owner');
  const query = async (question: string) => {
    const env = { ORDERSYNC_DATABASE_URL: site.database.current.url };
    const ran = await run(['archive', 'query', question, '--from', site.store.path, '--format', 'csv'], { env });
    return ran.code === 0 ? ran.stdout : ran.stderr;
  };

  beforeAll(async () => {
    await site.newKeys();
    await site.makeMonths('audit_logs', MONTH);
    await site.addAudit(MONTH, 10);
    await site.leave('audit_logs', MONTH);
    await site.addAudit(MONTH, 3);
    await site.leave('audit_logs', MONTH);
    await site.newKeys('pii');
    await site.addAudit(MONTH, 2);
    await site.leave('audit_logs', MONTH);
  });

  test('moves with all of them, each part for itself', async () => {
    expect(await site.rows('archive rewrap')).toMatchObject([
      { manifest: 1, kind: 'month', state: 'rewrapped', new_manifest: 4 },
      { manifest: 2, kind: 'supplement', state: 'rewrapped', new_manifest: 5 },
      { manifest: 1, state: 'old files kept' },
      { manifest: 2, state: 'old files kept' },
    ]);
    expect(await site.faults()).toEqual([]);
    expect(await site.keysInFiles()).toEqual(['pii-v2']);
    expect(await query(count('audit_logs'))).toBe('rows\r\n15\r\n');
    expect((await site.rows('archive list')).map(({ kind, manifest }) => [kind, manifest])).toEqual([
      ['month', 4],
      ['supplement 1', 5],
      ['supplement 2', 3],
    ]);
  });

  test('goes on taking late rows, and comes back whole without its old files', async () => {
    expect(await site.here('archive rewrap --remove-old --yes')).toMatchObject({ code: 0 });
    await site.addAudit(MONTH, 1);
    await site.leave('audit_logs', MONTH);
    expect(await query(count('audit_logs'))).toBe('rows\r\n16\r\n');
    const restored = await site.rows(`archive restore --table audit_logs --month ${MONTH} --lock-timeout 5s`);
    expect(restored).toMatchObject([{ state: 'restored', rows: 16 }]);
    expect(await site.states()).toEqual([
      [1, 'superseded'],
      [2, 'superseded'],
      [3, 'proven'],
      [4, 'proven'],
      [5, 'proven'],
      [6, 'proven'],
    ]);
  });

  test('moves once more from what it was moved to', async () => {
    await site.newKeys('pii');
    expect(await site.here('archive rewrap --from-key pii-v2 --remove-old --yes')).toMatchObject({ code: 0 });
    expect(await site.faults()).toEqual([]);
    expect(await site.keysInFiles()).toEqual(['pii-v3']);
    expect((await site.states()).map(([manifest, state]) => [manifest, state])).toEqual([
      ...[1, 2, 3, 4, 5, 6].map((manifest) => [manifest, 'superseded']),
      ...[7, 8, 9, 10].map((manifest) => [manifest, 'proven']),
    ]);
    const parquet = (await site.listed()).filter((key) => key.endsWith('.parquet'));
    expect(parquet.sort()).toEqual([7, 8, 9, 10].flatMap((manifest) => site.filesOf(manifest)).sort());
    for (const key of ['pii-v1', 'pii-v2']) {
      // The table that was restored above is the last one that needs it.
      if (key === 'pii-v2') await sql().unsafe(`drop table audit_logs_restored_${MONTH.replace('-', '_')}`);
      expect(await site.key(`destroy ${key} --after 0 --yes`)).toMatchObject({ code: 0 });
    }
    expect(await site.rows('archive verify --decrypt-sample 100')).toContainEqual(
      expect.objectContaining({ manifest: 8, state: 'proven', decrypted: 19 }),
    );
  });
});

describe('a month with dependants', () => {
  const site = useRewrapFolder();

  beforeAll(async () => {
    await site.newKeys();
    for (const table of ['orders', 'payments']) await site.makeMonths(table, MONTH);
    await site.addPayment(MONTH);
    await site.leave('payments', MONTH);
    await site.newKeys('payment');
  });

  test('gets new files for tables with values under the key, and keeps those of the others', async () => {
    expect(await site.here('archive rewrap --from-key payment-v1 --remove-old --yes')).toMatchObject({ code: 0 });
    const [before, after] = [site.filesOf(1), site.filesOf(2)];
    const shared = before.filter((key) => after.includes(key));
    expect(shared).toEqual([expect.stringContaining('payment_order_keys/')]);
    expect(before).toHaveLength(4);
    expect(await site.listed()).toEqual(expect.arrayContaining([...after]));
    expect((await site.listed()).filter((key) => before.includes(key))).toEqual(shared);
    expect(await site.faults()).toEqual([]);
    expect(await site.keysInFiles()).toEqual(['payment-v2']);
    expect(await site.states()).toEqual([
      [1, 'superseded'],
      [2, 'proven'],
    ]);
    expect(await site.key('destroy payment-v1 --after 0 --yes')).toMatchObject({ code: 0 });
  });
});

describe('archives that cannot be moved', () => {
  const site = useRewrapFolder();
  const sql = () => site.database.current.sql;

  beforeAll(async () => {
    await site.newKeys();
    await site.makeMonths('audit_logs', MONTH);
    await site.addAudit(MONTH, 5);
    await site.addAudit(OTHER, 5);
    // A value that belongs to another row: nobody can decrypt it here.
    await sql().unsafe(`alter table audit_logs disable trigger user`);
    await sql()`
      update audit_logs set user_agent_encrypted = (select max(user_agent_encrypted) from audit_logs)
       where id = (select id from audit_logs where created_at < ${`${OTHER}-01`}::text::timestamptz order by user_agent_encrypted limit 1)`;
    await sql().unsafe(`alter table audit_logs enable trigger user`);
    await site.leave('audit_logs', MONTH);
    await site.here(`archive run --table audit_logs --month ${OTHER} --keep --lock-timeout 5s --yes`);
    await sql()`update encryption_keys set status = 'RETIRED', retired_at = now() where key_id = 'pii-v1'`;
    await site.newKeys();
  });

  test('a value that cannot be decrypted is named by verify, without anything of it', async () => {
    const ran = await site.bin('archive verify --decrypt-sample 100');
    expect(ran.code).toBe(5);
    expect(ran.stdout).toMatch(/audit_logs\.user_agent_encrypted of row [0-9a-f]{32}/u);
    expect(ran.stdout).toContain('belongs to another row');
    expect(ran.stdout + ran.stderr).not.toContain('Firefox');
  });

  test('its manifest stays as it is, and a month that has not left stays too', async () => {
    const before = await site.listed();
    const ran = await site.bin('archive rewrap');
    expect(ran.code).toBe(5);
    expect(ran.stderr).toMatch(/audit_logs\.user_agent_encrypted of row [0-9a-f]{32}: tag_mismatch/u);
    expect(ran.stderr).toContain('the month has not left the database (verified)');
    expect((await site.listed()).filter((key) => !before.includes(key))).toEqual([]);
    expect((await site.states()).map(([, state]) => state)).toEqual(['proven', 'proven']);
  });

  test('values under a key that is gone stay, and are told of', async () => {
    await sql()`update encryption_data_keys set wrapped_key = null, destroyed_at = now()
                 where encryption_key_id = (select id from encryption_keys where key_id = 'pii-v1')`;
    const ran = await site.bin('archive rewrap --table audit_logs');
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('nobody can encrypt them anew') });
    expect(await site.here('archive rewrap --from-key pii-v1')).toMatchObject({ code: 4 });
    const verified = await site.bin('archive verify --decrypt-sample 100');
    expect(verified).toMatchObject({ code: 5, stdout: expect.stringContaining('pii-v1 was destroyed') });
  });

  test('a sample needs the key store', async () => {
    const env = { ORDERSYNC_ARCHIVE: site.store.path, ORDERSYNC_DATABASE_URL: site.database.current.url };
    expect(await run(['archive', 'verify', '--decrypt-sample', '5'], { env })).toMatchObject({ code: 3, stdout: '' });
  });
});
