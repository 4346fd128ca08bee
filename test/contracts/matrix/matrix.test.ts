import { beforeAll, describe, expect, it } from 'vitest';
import { reportCommands } from '../../../src/domain/reports/catalog.ts';
import { outside } from '../../support/outside.ts';
import { runFile } from '../../support/program.ts';
import { errorsSince, faultsOf, markLog } from './ask.ts';
import { readCalls } from './calls.ts';
import { plantFaults } from './faults.ts';
import type { Place, Role } from './place.ts';
import { ROLES, STATES, usePlaces } from './place.ts';
import { serveOnce } from './serve.ts';
import type { Answer } from '../../support/answer.ts';

/**
 * Every command that looks, for each kind of role, with pg_stat_statements usable, not created and not loaded, on the
 * version of this run; `npm run test:matrix` repeats it on each, and other-versions.test.ts looks at each in short.
 */
const places = usePlaces();
const CALLS = await readCalls();

async function answer(place: Place, role: Role, words: string): Promise<Answer & { readonly code: number }> {
  const { code, stdout, stderr } = await place.ordersync(role, `${words} --format json`);
  if (stdout === '') throw new Error(stderr);
  return { code, ...(JSON.parse(stdout) as Answer) };
}
const verdictIn = ({ verdicts = [] }: Answer, wanted: string) =>
  verdicts.find(({ section }) => section === wanted)?.verdict;

it('no command is forgotten', () => {
  const known = new Set(CALLS.map(({ command }) => command));
  expect([...reportCommands('monitor').keys()].filter((report) => !known.has(`monitor ${report}`))).toEqual([]);
  expect(CALLS.length).toBeGreaterThan(35);
});

describe('a database that is well', () => {
  it('is well for a superuser, and not for a plain role, which is told what it cannot see', async () => {
    const { usable } = places;
    expect(verdictIn(await answer(usable, 'superuser', 'monitor slow-queries'), 'slow-queries')).toBe('ok');
    const found = await answer(usable, 'plain role', 'monitor slow-queries');
    expect(found).toMatchObject({ code: 0, warnings: [expect.stringContaining('grant pg_read_all_stats to')] });
    expect(verdictIn(found, 'slow-queries')).toBe('unknown');
    for (const report of ['connections', 'activity', 'blocking']) {
      expect([report, verdictIn(await answer(usable, 'superuser', `monitor ${report}`), report)]).toEqual([
        report,
        'ok',
      ]);
      const [verdict] = (await answer(usable, 'plain role', `monitor ${report}`)).verdicts ?? [];
      expect([report, verdict]).toMatchObject([report, { verdict: 'unknown', fix: expect.stringContaining('grant') }]);
    }
    expect(await answer(usable, 'plain role', 'monitor volumes')).toMatchObject({
      code: 3,
      data: [],
      verdicts: [{ verdict: 'unknown', fix: expect.stringContaining('grant select on public.orders') }],
    });
  });

  it.each(ROLES)('tells a %s that pg_stat_statements is not created, or needs a restart', async (role) => {
    expect((await answer(places.missing, role, 'monitor slow-queries')).verdicts?.[0]).toMatchObject({
      section: 'slow-queries',
      verdict: 'unknown',
      reason: expect.stringContaining('pg_stat_statements is not created'),
      fix: 'create extension pg_stat_statements',
    });
    expect((await answer(places['not preloaded'], role, 'monitor slow-queries')).verdicts?.[0]).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('shared_preload_libraries'),
      fix: expect.stringContaining('restart'),
    });
  });
});

describe.each(STATES)('a database with faults, pg_stat_statements %s', (state) => {
  beforeAll(async () => plantFaults(places[state]));

  it.each(ROLES)('every command answers a %s, honestly, and without an error in the server log', async (role) => {
    const faults: string[] = [];
    for (const call of CALLS) faults.push(...(await faultsOf(places[state], role, call)));
    expect(faults).toEqual([]);
  });

  it('the faults are found by who can see them', async () => {
    const { data } = await answer(places[state], 'superuser', 'check');
    const bad = data.filter(({ severity }) => severity === 'critical' || severity === 'warning').map(({ id }) => id);
    expect(bad).toEqual(
      expect.arrayContaining([
        'ops.disabled-triggers',
        'ops.replication-slots',
        'ops.sequences',
        'perf.invalid-indexes',
        'sec.audit-grants',
        'sec.encryption-plaintext',
        'sec.policies',
      ]),
    );
  });

  it('metrics are clean for promtool and the server, whoever collects them', async (context) => {
    const promtool = outside('promtool', context);
    for (const role of ROLES) {
      const mark = await markLog(places[state]);
      const text = await serveOnce(places[state], role);
      expect(text).toContain('\nordersync_up 1\n');
      const { code, stdout } = await places[state].ordersync(role, 'monitor export');
      expect(code).toBe(0);
      for (const stdin of [text, stdout]) {
        expect(await runFile(promtool, ['check', 'metrics'], { stdin })).toEqual({ code: 0, stdout: '', stderr: '' });
      }
      const failed = [...text.matchAll(/^ordersync_collector_success\{collector="(.+)"\} 0$/gm)].map(
        ([, name]) => name,
      );
      const hidden = role === 'superuser' ? [] : ['metrics/keys', 'metrics/logins'];
      const unrecorded = state === 'usable' ? [] : ['monitor/slow-queries'];
      expect(failed).toEqual(expect.arrayContaining([...unrecorded, ...hidden]));
      // Whatever a role with fewer rights cannot collect is the server's to say; a superuser collects all.
      expect(role === 'superuser' ? failed : unrecorded).toEqual(unrecorded);
      expect(await errorsSince(mark, places[state])).toEqual([]);
    }
  });
});

describe('monitor explain', () => {
  it('plans what the role may plan, and says why not otherwise, without an error in the server log', async () => {
    const place = places.usable;
    await place.sql`select name from scheduled_jobs where name = ${'cleanup'}`;
    await place.sql`create table passing as select 1 as id`;
    await place.sql`select id from passing where id = 1`;
    await place.sql`drop table passing`;
    const id = async (text: string) => {
      const [row] = await place.sql<{ id: string }[]>`
        select queryid::text as id from pg_stat_statements where query like ${`${text}%`}`;
      return row!.id;
    };
    const jobs = await id('select name from scheduled_jobs where');
    const passing = await id('select id from passing');
    const mark = await markLog(place);
    const explain = async (role: Role, which: string) =>
      place.ordersync(role, ['monitor', 'explain', '--format', 'json', '--', which]);
    const planned = await explain('superuser', jobs);
    expect({ code: planned.code, stderr: planned.stderr }).toMatchObject({ code: 0 });
    const { command, data } = JSON.parse(planned.stdout) as Answer;
    expect(command).toBe('monitor explain');
    expect(data.map(({ plan }) => plan).join('\n')).toMatch(/Scan.* on scheduled_jobs/);
    expect(data.every((row) => Object.keys(row).join() === 'plan' && typeof row['plan'] === 'string')).toBe(true);
    expect(await explain('pg_monitor', jobs)).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(/"code":"permission".*permission denied for.*"hint":"grant select/),
    });
    expect(await explain('superuser', passing)).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringContaining(String.raw`relation \"passing\" does not exist`),
    });
    expect(await explain('plain role', jobs)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('knows no statement'),
    });
    expect(await errorsSince(mark, place)).toEqual([]);
  });

  it.each(['missing', 'not preloaded'] as const)('needs pg_stat_statements, which is %s', async (state) => {
    for (const role of ROLES) {
      const mark = await markLog(places[state]);
      expect(await places[state].ordersync(role, 'monitor explain 1 --format json')).toMatchObject({
        code: 3,
        stdout: '',
        stderr: expect.stringContaining('"code":"not_enabled"'),
      });
      expect(await errorsSince(mark, places[state])).toEqual([]);
    }
  });
});
