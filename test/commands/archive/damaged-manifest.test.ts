import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { useBuild } from '../../support/program.ts';
import { monthFromNow } from '../partition/fixture.ts';
import { useRewrapFolder } from './rewrap-fixture.ts';

const [KEPT, LEFT, LATER, NEWEST] = [-6, -5, -4, -3].map(monthFromNow) as [string, string, string, string];

useBuild();

/** Every way in which one manifest can be wrong; null for one that is gone. */
const DAMAGES: readonly [string, (text: string) => string | null][] = [
  ['is missing', () => null],
  ['has a flipped bit', (text) => text.replace('"kind":"', '"kynd":"')],
  ['was cut', (text) => text.slice(0, text.length / 2)],
  ['was altered', (text) => text.replace('"createdAt":"2', '"createdAt":"1')],
  ['has another signature', (text) => text.replace(/"value":"...../u, '"value":"AAAAA')],
  [
    'has the signature of a key of nobody',
    (text) => text.replace(/"key":"[0-9a-f]{32}"/u, `"key":"${'b'.repeat(32)}"`),
  ],
];

describe('a manifest that is not as it was signed', () => {
  const site = useRewrapFolder();
  const fileOf = (sequence: number) => path.join(site.store.path, `manifests/00000000${sequence}.json`);
  let undo: (() => void) | undefined;

  const READERS: readonly (readonly string[])[] = [
    ['archive', 'verify'],
    ['archive', 'query', 'select count(*) from audit_logs'],
    ['archive', 'restore', '--table', 'audit_logs', '--month', LATER],
  ];
  const RUN = ['archive', 'run', '--table', 'audit_logs', '--month', KEPT, '--lock-timeout', '5s', '--yes'];
  const REWRAP = ['archive', 'rewrap', '--month', LEFT];
  /** By the manifest: what needs it. Nothing but a reader of the whole chain looks at one that nobody needs. */
  const NEEDED_BY: readonly [number, string, readonly (readonly string[])[]][] = [
    [1, 'an earlier one', [...READERS, RUN]],
    [2, 'an earlier one that is to be rewrapped', [...READERS, REWRAP]],
    [4, 'the newest', [...READERS, RUN, REWRAP]],
  ];

  beforeAll(async () => {
    await site.newKeys();
    await site.makeMonths('audit_logs', KEPT);
    for (const month of [KEPT, LEFT, LATER, NEWEST]) await site.addAudit(month, 4);
    const { code } = await site.here([...RUN, '--keep']);
    if (code !== 0) throw new Error('the first month was not exported');
    for (const month of [LEFT, LATER, NEWEST]) await site.leave('audit_logs', month);
    await site.newKeys('pii');
  });
  afterEach(() => {
    undo?.();
    undo = undefined;
  });

  describe.each(NEEDED_BY)('%i, %s', (sequence, _, commands) => {
    test.each(DAMAGES)('and %s: exit 5 everywhere, by its name', async (__, damage) => {
      const whole = readFileSync(fileOf(sequence), 'utf8');
      undo = () => writeFileSync(fileOf(sequence), whole);
      const damaged = damage(whole);
      expect(damaged).not.toBe(whole);
      if (damaged === null) rmSync(fileOf(sequence));
      else writeFileSync(fileOf(sequence), damaged);
      const before = await site.listed();
      for (const words of commands) {
        const { code, stdout, stderr } = await site.here(words);
        expect({ words, code }).toEqual({ words, code: 5 });
        expect(stdout + stderr).toContain(`manifests/00000000${sequence}.json`);
        const told = stderr.includes('ordersync archive verify') || words[1] === 'verify';
        expect({ words, told }).toEqual({ words, told: true });
      }
      // Both tell what the database knows, and read nothing of a store.
      for (const words of ['archive list', 'archive head']) expect(await site.here(words)).toMatchObject({ code: 0 });
      expect(await site.listed()).toEqual(before);
      expect(damaged === null || readFileSync(fileOf(sequence), 'utf8') === damaged).toBe(true);
    });
  });

  test('that the database does not know any more is taken for none', async () => {
    const { sql } = site.database.current;
    await sql.begin(async (tampering) => {
      await tampering`set local session_replication_role = replica`;
      await tampering`create table stolen as select * from archive_manifests where sequence = 1`;
      await tampering`delete from archive_manifests where sequence = 1`;
    });
    const before = await site.listed();
    expect(await site.here(RUN)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining(`the database does not know manifest 1 of audit_logs ${KEPT}`),
    });
    expect(await site.listed()).toEqual(before);
    await sql.begin(async (mending) => {
      await mending`set local session_replication_role = replica`;
      await mending`insert into archive_manifests select * from stolen`;
      await mending`drop table stolen`;
    });
  });

  test('and once it is back, all goes on', async () => {
    expect(await site.here(REWRAP)).toMatchObject({ code: 0 });
    // The rotation has renewed its values since, so it is exported once more.
    expect(await site.here(RUN)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('changed since its export'),
    });
    expect(await site.here(RUN)).toMatchObject({ code: 0 });
    expect(await site.here('archive verify --decrypt-sample 10')).toMatchObject({ code: 0 });
    expect(await site.faults()).toEqual([]);
  });
});
