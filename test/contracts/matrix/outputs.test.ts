import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ran } from '../../support/io.ts';
import { shiftView } from '../../commands/check/shifted-view.ts';
import type { Call } from './calls.ts';
import { readCalls } from './calls.ts';
import type { Planted } from './secrets.ts';
import { BARE_WORD, plantSecrets, SECRETS, TABLE } from './secrets.ts';
import { SEEDED, usePlace } from './place.ts';
import { serveOnce } from './serve.ts';
import { crookedLines } from './straight.ts';

/** Every output of every command that looks, beside sessions and recorded statements that are full of secrets. */
const CALLS = await readCalls();
/** Options with which everything that is there is shown, and not only what took the most time. */
const WHOLE: Readonly<Record<string, string>> = {
  'monitor slow-queries': ' --limit 100000',
  'monitor activity': ' --limit 1000',
};
const FORMATS = ['table', 'json', 'ndjson', 'csv', 'markdown'];
/** Text by nature, and no table. */
const TEXTS = new Set(['monitor export', 'monitor rules', 'monitor dashboard', 'monitor report']);

const place = usePlace({ words: SEEDED });
let planted: Planted;
let restoreView: () => Promise<void>;
beforeAll(async () => {
  planted = await plantSecrets(place.current);
  // Two hours old, so that whatever judges a session has something to say of it.
  restoreView = await shiftView(place.current.sql, 'pg_stat_activity', {
    xact_start: older('xact_start'),
    query_start: older('query_start'),
    state_change: older('state_change'),
  });
});
afterAll(async () => {
  await restoreView?.();
  await planted?.end();
});

const older = (column: string) => `original.${column} - interval '2 hours'`;

const leaks = (text: string): readonly string[] =>
  text.split('\n').filter((line) => BARE_WORD.test(line) || SECRETS.some((secret) => line.includes(secret)));
const hasControls = (text: string): boolean => /[^\P{Cc}\r\n]/u.test(text);

function faultsOf({ stdout, stderr }: Ran): readonly string[] {
  const said = `${stdout}\n${stderr}`;
  return [...leaks(said), ...(hasControls(said) ? ['has control characters'] : [])];
}

async function ask(words: readonly string[], options: { tty?: boolean; columns?: number } = {}): Promise<Ran> {
  return place.current.ordersync('superuser', words, { ...options, env: { NO_COLOR: '1' } });
}

it('the planted sessions and statements are seen, with their literals masked', async () => {
  const activity = await ask(['monitor', 'activity', '--limit', '100', '--verbose']);
  for (const pid of planted.pids) expect(activity.stdout).toContain(String(pid));
  expect(activity.stdout).toContain('select pg_sleep(?), ?, ?');
  const recorded = (await ask(['monitor', 'slow-queries', '--limit', '10000', '--format', 'csv'])).stdout;
  // From PostgreSQL 16 on the extension itself replaces most of them.
  for (const text of [
    /alter role passer_by password \?/,
    /do \?/,
    /copy \(select (?:\?|\$1)\)/,
    /set application\.token/,
  ])
    expect(recorded).toMatch(text);
  expect((await ask(['monitor', 'blocking'])).stdout).toContain(TABLE);
  const checked = (await ask(['check', '--profile', 'oncall', '--format', 'json'])).stdout;
  expect(checked).toMatch(/"severity":"(?:warning|critical)","id":"ops\.idle-in-transaction"/);
});

describe('no literal of a statement and no escape byte', () => {
  it.each(CALLS.map((call) => [call.words, call] as const))('%s', async (_, { words }: Call) => {
    for (const format of FORMATS) {
      const ran = await ask([...`${words}${WHOLE[words] ?? ''}`.split(' '), '--verbose', '--format', format]);
      expect([format, ran.stdout.length > 0 || ran.code === 0]).toEqual([format, true]);
      expect([format, ...faultsOf(ran)]).toEqual([format]);
    }
  });

  it.each(['nagios', 'junit'])('as %s', async (format) => {
    for (const words of [
      'check',
      'security failed-logins',
      'monitor activity',
      'monitor blocking',
      'monitor slow-queries',
    ]) {
      expect([words, ...faultsOf(await ask([...words.split(' '), '--format', format]))]).toEqual([words]);
    }
  });

  it('in metrics over HTTP, and in the page of a report', async () => {
    expect(leaks(await serveOnce(place.current, 'superuser'))).toEqual([]);
    const file = join(place.current.keyring.folder, 'report.html');
    const ran = await ask(['monitor', 'report', '--output', file]);
    const html = await readFile(file, 'utf8');
    expect(html).toContain('pg_sleep(?)');
    expect([...faultsOf(ran), ...leaks(html)]).toEqual([]);
    expect(hasControls(html)).toBe(false);
  });

  it('in monitor explain, cancel and terminate', async () => {
    const ids = await place.current.sql<{ id: string }[]>`
      select distinct queryid::text as id from pg_stat_statements
       where query like any (${[...SECRETS.map((secret) => `%${secret}%`), '%주문%', '%GeheimesWort%']}::text[])`;
    expect(ids.length).toBeGreaterThan(10);
    for (const { id } of ids) {
      for (const format of ['table', 'json'])
        expect([id, ...faultsOf(await ask(['monitor', 'explain', '--debug', '--format', format, '--', id]))]).toEqual([
          id,
        ]);
    }
    for (const pid of planted.pids) {
      for (const verb of ['cancel', 'terminate']) {
        const ran = await ask(['monitor', verb, String(pid), '--dry-run', '--verbose']);
        expect([verb, ...faultsOf(ran)]).toEqual([verb]);
      }
    }
  });
});

// Some forty calls each: slow where two cores are shared.
describe.each([60, 80, 200])('on a terminal of %i columns', { timeout: 900_000 }, (columns) => {
  it('every table is straight, whatever stands in it, and no escape byte is written with NO_COLOR', async () => {
    let korean = 0;
    for (const { words, command } of CALLS.filter(
      (call) => !TEXTS.has(call.command) && call.command !== 'monitor top',
    )) {
      for (const more of [[], ['--verbose']]) {
        const ran = await ask([...words.split(' '), ...more], { tty: true, columns });
        // Progress may move the cursor on a terminal; results are text.
        expect([command, ...leaks(ran.stderr), ...faultsOf({ ...ran, stderr: '' })]).toEqual([command]);
        expect([command, ...crookedLines(ran.stdout, columns)]).toEqual([command]);
        if (/\p{Script=Hangul}/u.test(ran.stdout)) korean += 1;
      }
    }
    expect(korean).toBeGreaterThan(10);
  });

  it('monitor top shows each of its views without a literal', async () => {
    // With its rows: what is drawn first says that it is looking. At 80 columns the name of the table is cut.
    const views = [
      /activity,[^]*pid/,
      /blocking,[^]*session/,
      /statements by[^]*calls/,
      columns === 80 ? /tables,[^]*"주…/ : /tables,[^]*주문/,
    ];
    let step = 0;
    let from = 0;
    const { code, stdout } = await place.current.ordersync('superuser', 'monitor top --every 250ms', {
      tty: true,
      columns,
      rows: 50,
      env: { NO_COLOR: '1' },
      onStdout: (text, type) => {
        if (views[step]?.test(text.slice(from)) !== true) return;
        from = text.length;
        step += 1;
        type(step < views.length ? String(step + 1) : 'q');
      },
    });
    expect({ code, step }).toEqual({ code: 0, step: views.length });
    expect(leaks(stdout)).toEqual([]);
  });
});
