import { beforeAll, describe, expect, test } from 'vitest';
import { monthsAgo } from '../../support/archive/months.ts';
import { run } from '../../support/io.ts';
import { useArchiveCommands } from '../archive/fixture.ts';
import type { Row } from './fixture.ts';

const commands = useArchiveCommands();
const sql = () => commands.database.current.sql;
const MONTHS = [monthsAgo(3), monthsAgo(2), monthsAgo(1)];

async function look(id: string): Promise<Pick<Row, 'severity' | 'evidence' | 'fix'>> {
  const { stdout } = await run(['check', '--only', id, '--format', 'json'], {
    env: { ORDERSYNC_DATABASE_URL: commands.database.current.url },
  });
  const [row] = (JSON.parse(stdout) as { data: Row[] }).data;
  return { severity: row!.severity, evidence: row!.evidence, fix: row!.fix };
}

/** What it says while a change is there that is taken back afterwards. */
async function lookWith(id: string, change: string, back: string) {
  await sql().unsafe(change);
  const seen = await look(id);
  await sql().unsafe(back);
  return seen;
}

test('without an archive both say so, and are ok', async () => {
  expect(await look('data.archive-head')).toMatchObject({ severity: 'ok', evidence: ['nothing was archived yet'] });
  expect(await look('data.archive-journal')).toMatchObject({ severity: 'ok', evidence: ['0 months in the journal'] });
});

describe('with three months that are archived and kept', () => {
  beforeAll(async () => {
    await commands.sql()`select ensure_month_partitions(${`${MONTHS[0]}-01`}::text::date, ${`${MONTHS[2]}-01`}::text::date)`;
    for (const month of MONTHS) {
      const { code, stderr } = await commands.archive(`run --month ${month} --table notification_logs --keep`);
      if (code !== 0) throw new Error(stderr);
    }
    await sql()`update archive_journal set updated_at = now() - interval '40 days'`;
  });

  test('the chain is whole, and what --keep left is not stuck', async () => {
    expect(await look('data.archive-head')).toMatchObject({ severity: 'ok', evidence: ['3 manifests'] });
    expect((await look('data.archive-journal')).severity).toBe('ok');
  });

  test.each([
    [
      `update archive_manifests set manifest = manifest || ' ' where sequence = 2`,
      `update archive_manifests set manifest = rtrim(manifest) where sequence = 2`,
      'manifest 2 is not what its digest says',
    ],
    [
      `update archive_manifests set sequence = 5 where sequence = 3`,
      `update archive_manifests set sequence = 3 where sequence = 5`,
      'manifests 3 to 4 is missing',
    ],
    [
      `update archive_manifests set previous = repeat('a', 64) where sequence = 3`,
      `update archive_manifests set previous = (select digest from archive_manifests where sequence = 2) where sequence = 3`,
      'manifest 3 was not written after manifest 2',
    ],
    [
      `update archive_head set digest = repeat('a', 64)`,
      `update archive_head set digest = (select digest from archive_manifests where sequence = 3)`,
      'manifest 3 is not the one that the head names',
    ],
    [
      `delete from archive_head`,
      `insert into archive_head (sequence, digest) select sequence, digest from archive_manifests where sequence = 3`,
      'archive_head is empty',
    ],
  ])('%s is critical', async (change, back, words) => {
    // The journal refers to manifests by number.
    await sql()`alter table archive_journal drop constraint archive_journal_manifest_sequence_fkey`;
    const { severity, evidence } = await lookWith('data.archive-head', change, back);
    await sql()`alter table archive_journal add foreign key (manifest_sequence) references archive_manifests (sequence)`;
    expect(severity).toBe('critical');
    expect(evidence).toContain(words);
    expect((await look('data.archive-head')).severity).toBe('ok');
  });

  test.each([
    [`state = 'planned', manifest_sequence = null`, 'warning', 'was begun and not proven'],
    [`state = 'exported', manifest_sequence = null`, 'warning', 'was begun and not proven'],
    [`state = 'planned', manifest_sequence = null, problem = 'changed'`, 'warning', 'refused by its proof'],
    [`leaving = true`, 'critical', 'only some of its rows have left'],
    [`state = 'detached'`, 'critical', 'is detached and not dropped'],
    [`state = 'detached', updated_at = now() - interval '3 days'`, 'warning', 'is detached and not dropped'],
    [`state = 'detached', updated_at = now() - interval '3 hours'`, 'ok', 'months in the journal'],
  ])('a journal with %s is %s', async (change, severity, words) => {
    await sql()`create table kept as select * from archive_journal`;
    await sql().unsafe(`update archive_journal set ${change} where month = '${MONTHS[1]}'`);
    const seen = await look('data.archive-journal');
    await sql()`delete from archive_journal`;
    await sql()`insert into archive_journal overriding system value select * from kept`;
    await sql()`drop table kept`;
    expect(seen.severity).toBe(severity);
    expect(seen.evidence.join('\n')).toContain(words);
    if (severity === 'ok') return;
    expect(seen.evidence.join('\n')).toContain(`notification_logs ${MONTHS[1]} `);
    expect(seen.fix).toEqual([
      `ordersync archive run --table notification_logs --month ${MONTHS[1]} --to file://${commands.store.path}`,
    ]);
  });
});
