import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDuckDb } from '../../support/archive/duckdb.ts';
import { run } from '../../support/io.ts';
import { useBuild } from '../../support/program.ts';
import { monthFromNow } from '../partition/fixture.ts';
import { sideName } from './read-fixture.ts';
import { useRewrapFolder } from './rewrap-fixture.ts';

const MONTH = monthFromNow(-3);

useBuild();

describe('a month of audit logs whose key is to go', () => {
  const site = useRewrapFolder();

  beforeAll(async () => {
    await site.newKeys();
    await site.makeMonths('audit_logs', MONTH);
    await site.addAudit(MONTH, 60);
    await site.leave('audit_logs', MONTH);
    await site.newKeys('pii');
  });

  test('keeps the key from being destroyed, and the refusal says how to change that', async () => {
    expect(await site.key('destroy pii-v1 --after 0 --yes')).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/manifest 1 \(audit_logs .*archive rewrap --from-key pii-v1 --remove-old/su),
    });
  });

  test('refuses keys that archives cannot be moved away from, and changes nothing', async () => {
    const before = await site.listed();
    expect(await site.here('archive rewrap --from-key pii-v9')).toMatchObject({ code: 2 });
    expect(await site.here('archive rewrap --from-key pii-v2')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('pii-v2 is the active key'),
    });
    expect(await site.here('archive rewrap --table users')).toMatchObject({ code: 2 });
    expect(await site.listed()).toEqual(before);
  });

  test('a dry run says what it would do, and changes nothing', async () => {
    const before = await site.listed();
    expect(await site.rows('archive rewrap --dry-run --from-key pii-v1')).toMatchObject([
      {
        manifest: 1,
        table: 'audit_logs',
        month: MONTH,
        kind: 'month',
        state: 'to rewrap',
        keys: ['pii-v1'],
        values: 110,
        rows: 60,
      },
    ]);
    expect(await site.listed()).toEqual(before);
    expect(await site.database.current.sql`select from archive_rewraps`).toHaveLength(0);
  });

  test('gets new files that say the same under the active key, and a manifest that stands for the old one', async () => {
    const ran = await site.bin('archive rewrap --from-key pii-v1');
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('110 values are under the active keys') });
    expect(await site.keysInFiles()).toEqual(['pii-v2']);
    expect(await site.faults()).toEqual([]);
    expect(await site.states()).toEqual([
      [1, 'superseded'],
      [2, 'proven'],
    ]);
    expect(await site.rows('archive list')).toMatchObject([
      { state: 'dropped', manifest: 2, keys: ['pii-v2'], rows: 60 },
    ]);
  });

  test('is left alone the second time', async () => {
    const before = await site.listed();
    expect(await site.here('archive rewrap')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('the files of 1 superseded manifest are kept'),
    });
    expect(await site.listed()).toEqual(before);
  });

  test('needs the old key for as long as the old files are there', async () => {
    expect(await site.key('destroy pii-v1 --after 0 --yes')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('manifest 1'),
    });
  });

  test('one flipped byte in a new file is found before an old one goes', async () => {
    const [file = ''] = site.filesOf(2);
    site.flipByte(file);
    const ran = await site.bin('archive rewrap --remove-old --yes');
    expect(ran).toMatchObject({ code: 5, stderr: expect.stringContaining(file) });
    expect(await site.listed()).toEqual(expect.arrayContaining([...site.filesOf(1)]));
    site.flipByte(file);
  });

  test('a removal is confirmed by a person', async () => {
    expect(await site.bin('archive rewrap --remove-old')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('--yes'),
    });
  });

  test('loses its old files only then, and nobody misses them', async () => {
    const ran = await site.bin('archive rewrap --remove-old --yes');
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('1 old file removed') });
    for (const file of site.filesOf(1)) expect(await site.listed()).not.toContain(file);
    expect(await site.states()).toEqual([
      [1, 'superseded'],
      [2, 'proven'],
    ]);
    expect(await site.faults()).toEqual([]);
  });

  test('a file that no later manifest stands for is missed', async () => {
    const [file = ''] = site.filesOf(2);
    const bytes = readFileSync(path.join(site.store.path, file));
    rmSync(path.join(site.store.path, file));
    expect(await site.states()).toContainEqual([2, 'missing_file', file]);
    writeFileSync(path.join(site.store.path, file), bytes);
  });

  test('lets the key be destroyed, and can be read without it', async () => {
    expect(await site.key('destroy pii-v1 --after 0 --yes')).toMatchObject({ code: 0 });
    const [row] = (await site.rows('archive verify --decrypt-sample 1000')).filter(({ manifest }) => manifest === 2);
    expect(row).toMatchObject({ state: 'proven', decrypted: 110 });
    expect(await site.faults()).toEqual([]);
  });

  test('is read by DuckDB with the names of the new key, by the program and without it', async () => {
    const question = 'select ua_key_id as key, count(*) as rows from audit_logs group by all';
    const asked = await runQuery(question);
    expect(asked).toEqual([{ key: 'pii-v2', rows: 60 }]);
    const duckdb = await openDuckDb();
    const [file = ''] = site.filesOf(2);
    const rows = await duckdb.run(
      `select distinct substr(user_agent_encrypted, 1, 4) as head, ip_key_id from '${path.join(site.store.path, file)}' order by 2`,
    );
    expect(rows).toEqual([
      { head: 'os1_', ip_key_id: 'none' },
      { head: 'os1_', ip_key_id: 'pii-v2' },
    ]);
  });

  test('comes back with values that the application decrypts', async () => {
    expect(await site.here(`archive restore --table audit_logs --month ${MONTH} --lock-timeout 5s`)).toMatchObject({
      code: 0,
    });
    const rows = await site.database.current.as('owner')<{ trace: string; text: string }[]>`
      select trace_id as trace, user_agent_encrypted as text from ${site.database.current.as('owner')(sideName('audit_logs', MONTH))}`;
    expect(rows).toHaveLength(60);
    for (const { trace, text } of rows.slice(0, 3)) {
      const { stdout } = await site.key(
        `decrypt --table audit_logs --column user_agent_encrypted --id ${trace} --reason test`,
        text,
      );
      expect(stdout).toContain('Firefox');
    }
  });

  async function runQuery(question: string) {
    const ran = await run(['archive', 'query', question, '--from', site.store.path, '--format', 'json'], {
      env: { ORDERSYNC_DATABASE_URL: site.database.current.url },
    });
    return (JSON.parse(ran.stdout) as { data: unknown[] }).data;
  }
});
