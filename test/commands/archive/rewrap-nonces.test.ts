import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBuild } from '../../support/program.ts';
import { monthFromNow } from '../partition/fixture.ts';
import { useRewrapFolder } from './rewrap-fixture.ts';

const MONTH = monthFromNow(-3);
const MIGRATIONS = path.join(import.meta.dirname, '../../../migrations');
const migration = (name: string) => readFileSync(path.join(MIGRATIONS, `038_rewrap_encryptions.${name}.sql`), 'utf8');

useBuild();

describe('what a rewrap uses of its keys', () => {
  const site = useRewrapFolder();
  const counted = async () =>
    site.database.current.sql`
      select key.key_id as key, counted.source_table as "table", counted.most_values::integer as "values"
        from archive_rewrap_encryptions counted
        join encryption_data_keys material using (kid)
        join encryption_keys key on key.id = material.encryption_key_id
       order by 1, 2`;
  const statusOf = async (key: string) => {
    const { data } = JSON.parse((await site.key('status --format json')).stdout) as {
      data: { key: string; column: string; table: string; values: number; nonce_uses: number }[];
    };
    return data.filter((row) => row.key === key && row.table === 'audit_logs');
  };

  beforeAll(async () => {
    await site.newKeys();
    await site.makeMonths('audit_logs', MONTH);
    // 15 addresses, 30 user agents, 10 values: no column has more than there are rows.
    await site.addAudit(MONTH, 30);
    await site.leave('audit_logs', MONTH);
    await site.newKeys('pii');
  });

  test('is counted from above for each column, although no table has these values', async () => {
    expect(await statusOf('pii-v2')).toEqual([]);
    expect(await site.bin('archive rewrap --remove-old --yes')).toMatchObject({ code: 0 });
    expect(await counted()).toEqual([{ key: 'pii-v2', table: 'audit_logs', values: 30 }]);
    const rows = await statusOf('pii-v2');
    expect(rows.map(({ column, values }) => [column, values])).toEqual([
      ['ip_address_encrypted', 0],
      ['user_agent_encrypted', 0],
      ['old_value_encrypted', 0],
      ['new_value_encrypted', 0],
    ]);
    for (const { nonce_uses: uses } of rows) expect(uses).toBeGreaterThanOrEqual(30);
  });

  test('is known from the manifests to a database that gets the count later', async () => {
    const owner = site.database.current.as('owner');
    await owner.unsafe(migration('down'));
    expect((await site.key('status')).code).toBe(0);
    expect(await site.bin('archive rewrap')).toMatchObject({ code: 4, stderr: expect.stringContaining('migrate up') });
    await owner.unsafe(migration('up'));
    expect(await counted()).toEqual([{ key: 'pii-v2', table: 'audit_logs', values: 30 }]);
  });

  test('counts an attempt that died, and the one after it', async () => {
    await site.newKeys('pii');
    await site.bin('archive rewrap', { ORDERSYNC_FAULT: 'rewrap-mid-write:kill' });
    expect(await counted()).toContainEqual({ key: 'pii-v3', table: 'audit_logs', values: 30 });
    expect(await site.bin('archive rewrap')).toMatchObject({ code: 0 });
    expect(await counted()).toEqual([
      { key: 'pii-v2', table: 'audit_logs', values: 30 },
      { key: 'pii-v3', table: 'audit_logs', values: 60 },
    ]);
  });

  test('warns when half of the nonces are used', async () => {
    await site.database.current.sql`update archive_rewrap_encryptions set most_values = 2147483648`;
    const ran = await site.key('status --check');
    expect(ran.code).toBe(5);
    expect(ran.stderr).toContain('pii-v3 has used half of its nonces for audit_logs.user_agent_encrypted: rotate pii');
  });
});
