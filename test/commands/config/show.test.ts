import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../support/io.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ordersync-show-'));
  const environments = {
    prod: { host: 'db.example', dbname: 'shop', user: 'owner', protected: true },
    dev: { dbname: 'dev' },
  };
  writeFileSync(join(cwd, 'ordersync.config.json'), JSON.stringify({ defaultEnvironment: 'dev', environments }));
});
afterEach(() => rmSync(cwd, { recursive: true }));

type Setting = { readonly setting: string; readonly value: string; readonly origin: string };

/** Setting → its value and where it comes from. */
async function shown(flags: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout } = await run(['config', 'show', '--origin', '--format', 'json', ...flags], { cwd, env });
  const { data, warnings } = JSON.parse(stdout) as { data: readonly Setting[]; warnings: readonly string[] };
  return {
    code,
    warnings,
    ...Object.fromEntries(data.map(({ setting, value, origin }) => [setting, `${value} (${origin})`])),
  };
}

describe('every setting says where it comes from', () => {
  it('from the chosen environment of the project file', async () => {
    const file = join(cwd, 'ordersync.config.json');
    expect(await shown(['--env', 'prod'])).toMatchObject({
      code: 0,
      environment: 'prod (flag --env)',
      protected: `true (${file}, environment prod)`,
      host: `db.example (${file}, environment prod)`,
      user: `owner (${file}, environment prod)`,
      port: '5432 (default)',
    });
  });

  it('from variables over the file, and from flags over both', async () => {
    const env = { PGHOST: 'from-variable', PGDATABASE: 'from-variable' };
    expect(await shown(['--dbname', 'from-flag'], env)).toMatchObject({
      host: 'from-variable (environment PGHOST)',
      dbname: 'from-flag (flag --dbname)',
    });
  });

  it('but an environment named by a flag is not overruled by variables that name a database', async () => {
    const env = { PGHOST: 'elsewhere', DATABASE_URL: 'postgres://elsewhere/other', PGPORT: '1' };
    expect(await shown(['--env', 'prod'], env)).toMatchObject({
      host: expect.stringMatching(/^db\.example /),
      dbname: expect.stringMatching(/^shop /),
      port: '5432 (default)',
    });
  });
});

it('what is missing is a warning, and no failure', async () => {
  const { code, stdout, stderr } = await run(['config', 'show']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^setting +value\nenvironment +-\n/);
  expect(stderr).toBe('warning: no database given\n');
});

it('passwords are masked, and one in argv is warned about', async () => {
  const { warnings, ...settings } = await shown(['--url', 'postgres://me:hunter2@db/shop']);
  expect(settings).toMatchObject({ password: '[redacted] (flag --url)' });
  expect(warnings).toEqual([expect.stringMatching(/^the password on the command line can be read by every user/)]);
  expect(JSON.stringify(settings)).not.toContain('hunter2');
});

it('a password given any other way is not warned about', async () => {
  const env = { DATABASE_URL: 'postgres://me:hunter2@db/shop' };
  expect(await shown([], env)).toMatchObject({ warnings: [], password: '[redacted] (environment DATABASE_URL)' });
});
