import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SignedManifest } from '../../../src/domain/archive/manifest/manifest.ts';
import { canonicalJson } from '../../../src/domain/archive/manifest/canonical.ts';
import { manifestBytes } from '../../../src/domain/archive/manifest/parse.ts';
import { signManifest } from '../../../src/domain/archive/manifest/sign.ts';
import { ensureSigningKey } from '../../../src/domain/archive/manifest/signing-keys.ts';
import { exportToMemory } from '../../support/archive/exported.ts';
import { testContext } from '../../support/context.ts';
import { runProgram, useBuild } from '../../support/program.ts';
import { monthFromNow, nameIn, ownerUrl } from '../partition/fixture.ts';
import { addAuditMonth, makeMonths, useReadCommands } from './read-fixture.ts';

const MONTH = monthFromNow(-2);

useBuild();

describe('a file that was changed, and its size and digest with it, under the genuine signature', () => {
  const commands = useReadCommands();
  const superuser = () => commands.database.current.sql;
  const inStore = (key: string) => path.join(commands.folder, key);
  const place = (sequence: number) => inStore(`manifests/${String(sequence).padStart(9, '0')}.json`);

  /** What verify finds, by the program itself. */
  async function findings(...trust: string[]) {
    const env = { ...commands.keyring.env, ORDERSYNC_DATABASE_URL: ownerUrl(commands.database.current) };
    const argv = ['archive', 'verify', '--from', commands.folder, '--format', 'json', ...trust];
    const { code, stdout, stderr } = await runProgram(argv, { env });
    if (stdout === '') throw new Error(stderr);
    return { code, data: (JSON.parse(stdout) as { data: Record<string, unknown>[] }).data };
  }

  /** Signs a manifest anew with this database's own key, and makes store and database know no other. */
  async function forge(manifest: SignedManifest['manifest']): Promise<void> {
    const session = await testContext(ownerUrl(commands.database.current)).db.session();
    const signer = await ensureSigningKey(session, async () => commands.keyring.open());
    const signed = signManifest(signer, manifest);
    const { digest } = signed;
    writeFileSync(place(manifest.sequence), manifestBytes(signed));
    const head = { format: 'ordersync-archive-head/1', sequence: manifest.sequence, digest };
    writeFileSync(inStore('head.json'), `${canonicalJson(head)}\n`);
    await superuser().begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`
        update archive_manifests
        set digest = ${digest}, manifest = ${canonicalJson(manifest)}, signature = ${signed.signature.value}
        where sequence = ${manifest.sequence}`;
      await sql`update archive_head set digest = ${digest}`;
    });
  }

  beforeAll(async () => {
    await makeMonths(commands, 'audit_logs', MONTH);
    await addAuditMonth(commands, MONTH, 20);
    const ran = await commands.archive(['run', '--table', 'audit_logs', '--month', MONTH, '--keep', '--yes']);
    if (ran.code !== 0) throw new Error(ran.stderr);
  });

  test('is seen by the root alone: verify names the hour of the one value, with a database and without', async () => {
    const { manifest } = JSON.parse(readFileSync(place(1), 'utf8')) as SignedManifest;
    const source = manifest.sources[0]!;
    const table = nameIn('audit_logs', MONTH);
    const [row] = await superuser()<{ id: string; hour: string }[]>`
      select id, to_char(date_trunc('hour', created_at, 'UTC') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as hour
      from ${superuser()(table)} order by created_at offset 7 limit 1`;
    const columns = source.columns.map(({ name }) =>
      name === 'success' ? `success is distinct from (id = '${row!.id}') as success` : `"${name}"`,
    );
    // The product's own writer makes the file, from rows of which one is different.
    const ctx = testContext(commands.database.current.url);
    const { files, store } = await exportToMemory(ctx, {
      table: 'audit_logs',
      columns: source.columns,
      timeColumn: 'created_at',
      orderedBy: source.orderedBy,
      from: `from (select ${columns.join(', ')} from ${table}) as source`,
    });
    const [made] = files;
    const { key } = source.files[0]!;
    writeFileSync(inStore(key), store.objects.get(made!.key)!);
    await forge({ ...manifest, sources: [{ ...source, files: [{ ...made!, key }] }] });

    const [pem] = readdirSync(inStore('keys'));
    for (const trust of [[], ['--public-key', inStore(`keys/${pem}`)]]) {
      const { code, data } = await findings(...trust);
      expect(code).toBe(5);
      expect(data).toEqual([
        expect.objectContaining({
          manifest: 1,
          table: 'audit_logs',
          month: MONTH,
          state: 'other_content',
          place: key,
          hour: row!.hour,
          problem: 'its rows are not the archived ones',
        }),
      ]);
    }
  });

  test('is found by archive run too, which leaves the month where it is', async () => {
    const env = {
      ...commands.keyring.env,
      ORDERSYNC_DATABASE_URL: ownerUrl(commands.database.current),
      ORDERSYNC_ARCHIVE: commands.folder,
    };
    const words = `archive run --table audit_logs --month ${MONTH} --lock-timeout 5s --yes`;
    const { code, stderr } = await runProgram(words.split(' '), { env });
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringMatching(/T07:00:00Z: its rows are not/) });
    expect(await superuser()`select from ${superuser()(nameIn('audit_logs', MONTH))}`).toHaveLength(20);
  });
});
