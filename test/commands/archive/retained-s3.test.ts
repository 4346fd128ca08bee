import { beforeAll, describe, expect, test } from 'vitest';
import { useBuild } from '../../support/program.ts';
import { monthFromNow } from '../partition/fixture.ts';
import { sideName } from './read-fixture.ts';
import { useRewrapBucket } from './rewrap-s3-fixture.ts';

const MONTHS = [-4, -3].map(monthFromNow) as [string, string];
const RUN = 'archive run --older-than 2 months --table audit_logs --lock-timeout 5s --yes';
const ROWS = 12;

useBuild();

describe('files of an export that was broken off, in a bucket that lets nobody remove them', () => {
  const site = useRewrapBucket();
  const parquet = async () => (await site.listed()).filter((key) => key.endsWith('.parquet'));
  const named = () => [1, 2].flatMap((manifest) => site.filesOf(manifest)).toSorted();
  let broken: string;

  beforeAll(async () => {
    await site.newKeys();
    await site.makeMonths('audit_logs', MONTHS[0]);
    for (const month of MONTHS) await site.addAudit(month, ROWS);
    const killed = await site.bin(RUN, { ORDERSYNC_FAULT: 'archive-mid-export:kill' });
    [broken = ''] = await parquet();
    if (killed.code !== undefined || broken === '') throw new Error('no export was broken off');
    site.store.bucket.keeps = (key) => key.endsWith('.parquet');
  });

  test('stay, which is told with its words; all months are archived', async () => {
    const ran = await site.bin(RUN);
    expect(ran.stderr).toContain(
      `s3://archive/shop refuses to remove 1 file of an export of audit_logs ${MONTHS[0]} that was not completed`,
    );
    expect(ran.stderr).toContain(`${broken}: User: arn:aws:iam::111122223333:user/x is not authorized to perform`);
    expect(ran.stderr).toContain(`warning: ${broken} is part of no archive, and the store keeps it`);
    expect(ran.stderr).toContain('2 months: 2 proven and dropped');
    expect(ran.code).toBe(6);
    expect(await parquet()).toEqual([broken, ...named()].toSorted());
    expect(named()).not.toContain(broken);
  });

  test('are taken for a part of the archive by nobody', async () => {
    expect(await site.states()).toEqual([
      [1, 'proven'],
      [2, 'proven'],
    ]);
    const verified = await site.here('archive verify --format json');
    expect(verified.code).toBe(0);
    const { warnings } = JSON.parse(verified.stdout) as { warnings: string[] };
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`^${broken} .*no manifest names it$`, 'u'))]);
    const listed = await site.rows('archive list');
    expect(listed.map(({ rows, state }) => [rows, state])).toEqual(MONTHS.map(() => [ROWS, 'dropped']));
    const question = 'select count(*) as rows, count(distinct id) as ids from audit_logs';
    const asked = await site.here(['archive', 'query', question, '--format', 'csv']);
    expect(asked).toMatchObject({ code: 0, stdout: `rows,ids\r\n${2 * ROWS},${2 * ROWS}\r\n` });
    const restored = await site.rows(`archive restore --table audit_logs --month ${MONTHS[0]}`);
    expect(restored).toMatchObject([{ restored_to: sideName('audit_logs', MONTHS[0]), rows: ROWS }]);
    expect(await site.faults()).toEqual([]);
  });

  test('are left alone by the next run, also once they could go: only the journal says what an export has left', async () => {
    const before = site.contents();
    expect(await site.bin(RUN)).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing to archive') });
    expect(site.contents()).toEqual(before);
  });
});

describe('a bucket that says that it removed them, and did not', () => {
  const site = useRewrapBucket();

  test('is told, and nothing leaves', async () => {
    await site.newKeys();
    await site.makeMonths('audit_logs', MONTHS[0]);
    await site.addAudit(MONTHS[0], ROWS);
    await site.bin(RUN, { ORDERSYNC_FAULT: 'archive-mid-export:kill' });
    const { objects } = site.store.bucket;
    const remove = objects.delete.bind(objects);
    objects.delete = () => true;
    const ran = await site.bin(RUN);
    expect(ran).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('is still in s3://archive/shop after it was'),
    });
    objects.delete = remove;
    expect(await site.bin(RUN)).toMatchObject({ code: 0, stderr: expect.stringContaining('removed 1 file of') });
    expect(await site.faults()).toEqual([]);
  });
});
