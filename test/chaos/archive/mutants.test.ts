import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { monthsAgo } from '../../support/archive/months.ts';
import { BIN, useBuild } from '../../support/program.ts';
import type { SchemaDatabase } from '../../support/schema.ts';
import { useSchema } from '../../support/schema.ts';
import { startMutant } from '../rotate/mutant.ts';
import { directoryReader } from './readers.ts';
import { openSite } from './site.ts';

useBuild();

describe('a program that does not compute the root anew', () => {
  const database = useSchema();
  const table = `audit_logs_y${monthsAgo(7).replace('-', 'm')}`;

  test('drops a month that has changed, and the checker misses the row', async () => {
    const { site } = await siteWithDirectory(database.current);
    expect(await site.start({ ORDERSYNC_FAULT: 'archive-before-drop:throw' }, 'audit_logs').whenEnded).toMatchObject({
      code: 6,
    });
    await site.sql.unsafe(`
      create table frozen as select * from ${table};
      grant select on frozen to public;
      alter table ${table} disable trigger user;
      update ${table} set success = not success where id = (select id from ${table} limit 1);
      update shadow set row = to_jsonb(row) || jsonb_build_object('success', changed.success::text)
        from ${table} changed where table_name = 'audit_logs' and shadow.id = changed.id::text;`);
    expect((await site.check(false)).violations).toEqual([]);
    const mutant = await startMutant(database.current.urlFor({ user: 'schema_owner', password: 'schema' }), (text) =>
      text.replaceAll(`from only "public"."${table}" as source`, 'from frozen as source'),
    );
    onTestFinished(async () => mutant.close());
    await site.start({ ORDERSYNC_DATABASE_URL: mutant.url }, 'audit_logs').whenEnded;
    expect(mutant.changed()).toBeGreaterThan(0);
    expect((await site.check(false)).violations).toContainEqual(expect.stringMatching(/^changed row: audit_logs /));
  });
});

describe('a program that does not read back', () => {
  const database = useSchema();

  test('drops what its store has lost, and the checker says so', async () => {
    const { site, folder } = await siteWithDirectory(database.current, programWithout('readBack'));
    expect(await site.start({ ORDERSYNC_FAULT: 'archive-exported:throw' }, 'audit_logs').whenEnded).toMatchObject({
      code: 6,
    });
    const keys = await directoryReader(folder).list();
    const file = path.join(folder, keys.find((key) => key.endsWith('.parquet')) ?? '');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 100));
    expect((await site.check(false)).violations).toEqual([]);
    await site.start({}, 'audit_logs').whenEnded;
    const { violations } = await site.check(false);
    expect(violations).toContainEqual(expect.stringMatching(/is not what its manifest says$/));
    expect(violations).toContainEqual(expect.stringMatching(/^lost row: /));
  });
});

async function siteWithDirectory(database: SchemaDatabase, bin = BIN) {
  const folder = mkdtempSync(path.join(tmpdir(), 'ordersync-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const store = { env: { ORDERSYNC_ARCHIVE: folder }, reader: directoryReader(folder) };
  const site = await openSite(database, { store, rows: 12, monthsAtOnce: 1, bin });
  onTestFinished(() => site.close());
  return { site, folder };
}

/** The installed program with one generator that does nothing. @returns its bin */
function programWithout(name: string): string {
  const root = path.join(path.dirname(BIN), '..');
  const copy = mkdtempSync(path.join(tmpdir(), 'ordersync-mutant-'));
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  for (const part of ['bin', 'dist', 'package.json'])
    cpSync(path.join(root, part), path.join(copy, part), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  const folder = path.join(copy, 'dist/program');
  const head = new RegExp(`async function\\* ${name}\\([^)]*\\) \\{`);
  const file = readdirSync(folder)
    .map((entry) => path.join(folder, entry))
    .find((entry) => head.test(readFileSync(entry, 'utf8')));
  if (file === undefined) throw new Error(`the program has no ${name}()`);
  writeFileSync(file, readFileSync(file, 'utf8').replace(head, '$& return;'));
  return path.join(copy, 'bin/ordersync.js');
}
