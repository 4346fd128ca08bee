import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readChecks } from '../../../src/domain/checks/catalog.ts';
import { withPage } from '../../support/browser.ts';
import { outside } from '../../support/outside.ts';
import { projectFile } from '../../support/project-file.ts';
import { runProgram, useBuild } from '../../support/program.ts';
import type { TestRole } from '../../support/roles.ts';
import { createRole } from '../../support/roles.ts';
import { useSchema } from '../../support/schema.ts';
import { assertNoServerErrors, markServerLog } from '../../support/server-log.ts';
import { addAuditLog } from '../../schema/rows.ts';

useBuild();

/** As the name of a table and of a policy. */
const HOSTILE = `<img src=x onerror=alert(1)>'&"주문`;
const ADDRESS = '203.0.113.77';

describe('check and security in monitor report', () => {
  const database = useSchema();
  const roles: TestRole[] = [];
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ordersync-report-'));
    const { sql } = database.current;
    await sql`create table ${sql(HOSTILE)} (id integer primary key, other uuid references users)`;
    await sql`alter table ${sql(HOSTILE)} disable trigger all`;
    await sql`create policy ${sql(HOSTILE)} on users for select using (false)`;
    await sql`insert into login_attempts (email_hash, ip_address_encrypted, ip_key_id, success)
      select repeat('a', 64), ${ADDRESS}, 'pii-v1', false from generate_series(1, 30)`;
    roles.push(await createRole());
  });
  afterAll(async () => {
    for (const role of roles) await role.drop();
    await rm(folder, { recursive: true });
  });

  async function report(name: string, { url = database.current.url, env = {}, argv = [] as readonly string[] } = {}) {
    const file = join(folder, `${name}.html`);
    const ran = await runProgram(['monitor', 'report', '--output', file, '--progress', 'none', ...argv], {
      env: { ORDERSYNC_DATABASE_URL: url, ...env },
    });
    return { ...ran, file, html: await readFile(file, 'utf8') };
  }

  it('has every check with its verdict, evidence and fix, and each bad one in what to do', async () => {
    const mark = await markServerLog();
    const { code, html, stderr } = await report('whole');
    expect({ code, bug: stderr.includes('please report') }).toEqual({ code: 0, bug: false });
    const checks = chapter(html, 'check');
    const ids = (await readChecks()).map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(60);
    expect(ids.filter((id) => !checks.includes(` ${id} `))).toEqual([]);
    expect(checks).toContain('login_attempts.ip_address_encrypted: 30 with plaintext');
    expect(checks).toContain('ordersync key encrypt --table login_attempts');
    expect(todo(html)).toMatch(/critical<\/span> <a href="#check">check: sec\.encryption-plaintext<\/a>/);
    await assertNoServerErrors(mark, database.current.name);
  });

  it('has every verb of security with what it found', async () => {
    const { html } = await report('security');
    const security = chapter(html, 'security');
    expect(security).toContain('30 failures on one account');
    expect(security).toMatch(/row security: where it is on/);
    expect(todo(html)).toMatch(/critical<\/span> <a href="#security">security: brute_force<\/a>/);
    expect(todo(html)).toContain('ordersync security failed-logins');
    expect(html).not.toContain(ADDRESS);
  });

  it('a verb that found nothing, but did not count everything, is a warning', async () => {
    await addAuditLog(database.current.sql, { ip_address_encrypted: ADDRESS, ip_key_id: 'pii-v1' });
    const { html } = await report('left-out');
    const words = '1 audit rows have an address without its hash: they are not counted';
    expect(html).toMatch(
      new RegExp(`<h3>addresses that many users come from, by keyed hash <span class="verdict warning">[^]*?${words}`),
    );
    expect(todo(html)).toMatch(
      new RegExp(`warning</span> <a href="#security">security: suspicious-ips</a><p>not covered: ${words}</p>`),
    );
  });

  it('is a page without script and request, in which hostile names are text', async (context) => {
    const chromium = outside('chromium', context);
    const { file, html } = await report('hostile');
    expect(html).not.toContain('<img');
    const url = pathToFileURL(file).href;
    await withPage(chromium, url, async (page) => {
      expect(page.messages).toEqual([]);
      expect(page.requests).toEqual([url]);
      expect(await page.evaluate(`document.querySelectorAll('img, script').length`)).toBe(0);
      for (const id of ['check', 'security']) {
        expect(await page.evaluate(`document.querySelector('#${id}').textContent`)).toContain(HOSTILE.slice(0, 28));
      }
    });
  });

  it('judges by them too, and has them as rows', async () => {
    const { code, stdout } = await report('judged', { argv: ['--check', '--format', 'json'] });
    expect(code).toBe(5);
    const { data } = JSON.parse(stdout) as { data: unknown[] };
    for (const [name, section] of [
      ['check', 'sec.encryption-plaintext'],
      ['security', 'brute_force'],
    ]) {
      expect(data).toContainEqual(expect.objectContaining({ report: name, section, verdict: 'critical' }));
    }
  });

  it('says what a role without rights cannot see, with the fix, and shows the rest', async () => {
    const mark = await markServerLog();
    const { code, html, stderr } = await report('plain', { url: database.current.urlFor(roles[0]!) });
    expect(code).toBe(0);
    expect(chapter(html, 'security')).toMatch(/this role may not read public\.login_attempts grant select/);
    expect(stderr).toContain('failed-logins is unknown: ');
    expect(chapter(html, 'security')).toContain('what each PostgreSQL role may do');
    expect(chapter(html, 'check')).toContain('ops.connections');
    expect(chapter(html, 'activity')).not.toBe('');
    await assertNoServerErrors(mark, database.current.name);
  });

  it('a waived finding is skipped, and nothing to do', async () => {
    const waivers = [{ id: 'sec.encryption-plaintext', reason: 'a <b>test</b>', expires: '2099-12-31' }];
    const env = { ORDERSYNC_CONFIG: await projectFile({ check: { waivers } }) };
    const { html } = await report('waived', { env });
    expect(todo(html)).not.toContain('check: sec.encryption-plaintext');
    expect(html).toContain('waived until 2099-12-31: a &lt;b&gt;test&lt;/b&gt;');
  });

  it('a chapter that fails as a whole is unknown with its reason, and hides no other', async () => {
    const waivers = [{ id: 'sec.no-such-check', reason: 'none', expires: '2099-12-31' }];
    const env = { ORDERSYNC_CONFIG: await projectFile({ check: { waivers } }) };
    const { code, html } = await report('failing', { env });
    expect(code).toBe(0);
    expect(chapter(html, 'check')).toContain('waives "sec.no-such-check"'.replaceAll('"', '&quot;'));
    expect(chapter(html, 'unknown')).toContain('sec.no-such-check');
    expect(chapter(html, 'security')).toContain('30 failures on one account');
    expect(chapter(html, 'activity')).not.toBe('');
  });
});

/** The text of one chapter, without markup. */
function chapter(html: string, id: string): string {
  const [, found = ''] = new RegExp(`<section class="card" id="${id}">([^]*?)</section>`).exec(html) ?? [];
  return found.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
}

function todo(html: string): string {
  return /<h2>What to do<\/h2>([^]*?)<\/section>/.exec(html)?.[1] ?? '';
}
