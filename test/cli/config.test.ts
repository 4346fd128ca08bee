import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ENVIRONMENT_MEMBERS, PROJECT_FILE_MEMBERS } from '../../src/cli/config-file.ts';
import { loadConfiguration } from '../../src/cli/config.ts';
import type { Io } from '../../src/cli/io.ts';

const root = mkdtempSync(join(tmpdir(), 'ordersync-config-'));
afterAll(() => rmSync(root, { recursive: true }));

let folders = 0;
/** A folder holding this project file, and the Io of a program started in it. */
function project(content: unknown, env: Record<string, string> = {}): Pick<Io, 'cwd' | 'env'> & Io {
  const cwd = join(root, String((folders += 1)));
  mkdirSync(cwd);
  if (content !== undefined)
    writeFileSync(join(cwd, 'ordersync.config.json'), typeof content === 'string' ? content : JSON.stringify(content));
  return { cwd, env: { HOME: join(cwd, 'home'), ...env } } as unknown as Io;
}

const PROD = {
  environments: { prod: { host: 'db', dbname: 'shop', protected: true }, dev: { dbname: 'dev' } },
  defaultEnvironment: 'dev',
};

describe('environments', () => {
  it('come from the file in this folder or one above', async () => {
    const io = project(PROD);
    const below = join(io.cwd, 'a', 'b');
    mkdirSync(below, { recursive: true });
    const found = await loadConfiguration({ ...io, cwd: below }, { env: 'prod' });
    expect(found).toMatchObject({
      connection: { host: 'db', dbname: 'shop' },
      environment: { name: 'prod', protected: true },
    });
  });

  it('are chosen by flag, then ORDERSYNC_ENV, then defaultEnvironment', async () => {
    const io = project(PROD, { ORDERSYNC_ENV: 'prod' });
    expect((await loadConfiguration(io, { env: 'dev' })).environment.origin).toBe('flag --env');
    expect((await loadConfiguration(io, {})).environment).toMatchObject({
      name: 'prod',
      origin: 'environment ORDERSYNC_ENV',
    });
    expect((await loadConfiguration({ ...io, env: { HOME: io.cwd } }, {})).environment.name).toBe('dev');
  });

  it('that do not exist are refused with the known ones', async () => {
    await expect(loadConfiguration(project(PROD), { env: 'prdo' })).rejects.toMatchObject({
      code: 'config',
      message: 'environment "prdo" (flag --env) is not defined',
      details: { hint: 'known: prod, dev' },
    });
  });
});

describe('a file that cannot be used', () => {
  it.each([
    ['is not JSON', '{"environments": {"prod": {"url": "postgres://u:hunter2@h/db"}}', /is not valid JSON/],
    ['has an unknown member', { environments: { prod: { pasword: 'hunter2' } } }, /not a valid configuration/],
    ['has a wrong type', { environments: { prod: { protected: 'hunter2' } } }, /not a valid configuration/],
  ])('%s: named, and nothing of its content is repeated', async (_what, content, message) => {
    const failure = await loadConfiguration(project(content), {}).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'config', message: expect.stringMatching(message) });
    expect(JSON.stringify(failure)).not.toContain('hunter2');
  });

  it('is named when --config points at nothing', async () => {
    await expect(loadConfiguration(project(undefined), { config: 'nope.json' })).rejects.toMatchObject({
      code: 'config',
    });
  });
});

describe('the folder of migrations', () => {
  it('is the package’s own without a setting', async () => {
    const { migrationsDir } = await loadConfiguration(project(undefined), {});
    expect(migrationsDir.value).toMatch(/[/\\]migrations$/);
    expect(migrationsDir.origin).toMatch(/^default/);
  });

  it('is relative to the file that names it, and to the current folder when a flag does', async () => {
    const io = project({ migrations: './db/steps' });
    expect((await loadConfiguration(io, {})).migrationsDir.value).toBe(join(io.cwd, 'db/steps'));
    expect((await loadConfiguration(io, { migrations: 'other' })).migrationsDir.value).toBe(join(io.cwd, 'other'));
  });
});

it('the published JSON schema has exactly the members that are accepted', async () => {
  const schema: unknown = JSON.parse(
    await readFile(new URL('../../docs/ordersync.config.schema.json', import.meta.url), 'utf8'),
  );
  const { properties, $defs } = schema as { properties: object; $defs: { environment: { properties: object } } };
  expect(Object.keys(properties).toSorted()).toEqual(PROJECT_FILE_MEMBERS.toSorted());
  expect(Object.keys($defs.environment.properties).toSorted()).toEqual(ENVIRONMENT_MEMBERS.toSorted());
});
