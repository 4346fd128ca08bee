import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportCommands } from '../../../src/domain/reports/catalog.ts';
import { withPage } from '../../support/browser.ts';
import type { Ran } from '../../support/io.ts';
import { outside } from '../../support/outside.ts';
import { testServer } from '../../support/postgres.ts';
import { useSchema } from '../../support/schema.ts';
import { assertNoServerErrors, markServerLog } from '../../support/server-log.ts';
import { waitFor } from '../../support/wait.ts';
import { monitor } from './fixture.ts';

const HOSTILE = `<img src=x onerror=alert(1)>'"&주문</td>`;
const SECRET = 'geheim4711';

describe('monitor report', () => {
  const database = useSchema();
  let folder = '';
  let ran: Ran | undefined;
  const file = () => join(folder, 'report.html');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ordersync-report-'));
    const { sql } = database.current;
    await sql`create extension pg_stat_statements`;
    await sql`create table ${sql(HOSTILE)} as select g as id, repeat('x', 500) as pad from generate_series(1, 20000) as g`;
    await sql`analyze ${sql(HOSTILE)}`;
    await sql.unsafe(`select '${SECRET}' as planted`);
    const mark = await markServerLog(testServer().logFile);
    ran = await monitor(database.current.url, ['report', '--output', file()]);
    await assertNoServerErrors(mark, database.current.name, testServer().logFile);
  });
  afterAll(async () => rm(folder, { recursive: true }));

  it('has every report with its verdict, and masks literals', async () => {
    expect(ran?.code).toBe(0);
    expect(ran?.stdout).toMatch(/^report +section +verdict +reason\n/);
    const html = await readFile(file(), 'utf8');
    for (const command of reportCommands('monitor').keys()) expect(html).toContain(`id="${command}"`);
    expect(html).toContain('<span class="verdict ok">ok</span>');
    expect(html).toContain('drop index concurrently');
    expect(html).toContain('What could not be judged, and why');
    for (const secret of [SECRET, new URL(database.current.url).password]) expect(html).not.toContain(secret);
  });

  it('asks for nothing: no script, no address, no style outside of its sheet', async () => {
    const html = await readFile(file(), 'utf8');
    const markup = html.replaceAll(/>[^<]*</g, '><');
    expect(markup).not.toMatch(/<(?:script|img|link|iframe|object|embed|form|input|base)\b/i);
    expect(markup).not.toMatch(/\s(?:src|style|on\w+)=/i);
    expect([...markup.matchAll(/href="([^"]*)"/g)].filter(([, href]) => !href?.startsWith('#'))).toEqual([]);
    expect(html).not.toMatch(/url\(|@import|https?:/);
    expect(html).toMatch(
      /Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[\w+/]+=*'; base-uri 'none'; form-action 'none'"/,
    );
  });

  it('is a page that a browser shows without a complaint and without a request; a hostile name is text', async (context) => {
    const chromium = outside('chromium', context);
    const url = pathToFileURL(file()).href;
    await withPage(chromium, url, async (page) => {
      expect(page.messages).toEqual([]);
      expect(page.requests).toEqual([url]);
      expect(await page.evaluate(`document.querySelectorAll('img, script').length`)).toBe(0);
      const cells = `[...document.querySelectorAll('#table-sizes td')].map((cell) => cell.textContent)`;
      expect(await page.evaluate(cells)).toContain(`public."${HOSTILE.replace('"', '""')}"`);
      expect(await page.evaluate(`document.querySelectorAll('#table-sizes svg rect.v0').length`)).toBeGreaterThan(3);
      const background = `getComputedStyle(document.body).backgroundColor`;
      const tooWide = `document.documentElement.scrollWidth > document.documentElement.clientWidth`;
      await page.colorScheme('light');
      const light = await page.evaluate(background);
      await page.colorScheme('dark');
      expect(await page.evaluate(background)).not.toBe(light);
      expect(await page.evaluate(background)).toMatch(/^rgb\(/);
      expect(await page.evaluate(tooWide)).toBe(false);
      // Once more, after all of that: a late complaint is one too.
      expect(page.messages).toEqual([]);
      expect(page.requests).toEqual([url]);
    });
  });

  it('would be found out: a page that asks for something, or complains', async (context) => {
    const chromium = outside('chromium', context);
    const planted = join(folder, 'planted.html');
    await writeFile(
      planted,
      (await readFile(file(), 'utf8')).replace('<main>', '<main><img src="x.png" style="top:0">'),
    );
    await withPage(chromium, pathToFileURL(planted).href, async (page) => {
      await waitFor(() => page.messages.length > 0, 'a complaint');
      expect(page.messages.join('\n')).toContain('Content Security Policy');
    });
    await writeFile(planted, '<!doctype html><img src="x.png">');
    await withPage(chromium, pathToFileURL(planted).href, async (page) => {
      await waitFor(() => page.requests.length > 1, 'another request');
      expect(page.requests[1]).toMatch(/x\.png$/);
    });
  });

  it('goes to stdout without --output, and is an overview as JSON', async () => {
    const page = await monitor(database.current.url, 'report --progress none');
    expect(page.stdout).toMatch(/^<!doctype html>\n[\s\S]*<\/html>\n$/);
    const { code, stdout } = await monitor(database.current.url, 'report --format json --check');
    expect(code).toBe(5);
    const { data } = JSON.parse(stdout) as { data: { report: string; section: string; verdict: string }[] };
    expect(data).toContainEqual(
      expect.objectContaining({ report: 'indexes', section: 'duplicate', verdict: 'warning' }),
    );
  });

  it('leaves the old page when the new one cannot be written', async () => {
    const { code, stderr } = await monitor(database.current.url, ['report', '--output', '/nowhere/report.html']);
    expect(code).toBe(3);
    expect(stderr).toContain('cannot write /nowhere/report.html: ENOENT');
  });
});
