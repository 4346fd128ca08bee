import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OptionDef } from '../../src/cli/options.ts';
import { asSuperuser, createDatabase, testServer } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { createRole } from '../support/roles.ts';
import type { TestRole } from '../support/roles.ts';
import { run } from '../support/io.ts';
import type { Ran } from '../support/io.ts';
import { allCommands } from './command-lines.ts';

/** In the middle of every password that is planted: neither it nor what is around it may show anywhere. */
const MARK = 'hunter2';
const PASSWORD = `a@b/c:${MARK}?d#e'f`;
const ENCODED = encodeURIComponent(PASSWORD).replaceAll("'", '%27');
const QUOTED = PASSWORD.replaceAll("'", String.raw`\'`);

let folder: string;
let role: TestRole;
let database: TestDatabase;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ordersync-secrets-'));
  role = await createRole({ createRole: true });
  await asSuperuser((sql) => sql.unsafe(`alter role ${role.user} password '${PASSWORD.replaceAll("'", "''")}'`));
  database = await createDatabase({ owner: role.user });
});
afterAll(async () => {
  await database.drop();
  await role.drop();
  rmSync(folder, { recursive: true });
});

interface Call {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Every way to give a password; each works by itself. The last parts of the server are the same for all. */
const WAYS: Readonly<Record<string, (server: ReturnType<typeof testServer>) => Call>> = {
  'a URL in argv': (server) => ({ argv: ['--url', urlOf(server)] }),
  'keywords in argv': (server) => ({
    argv: [
      '--url',
      `host=${server.host} port=${server.port} dbname=${database.name} user=${role.user} password='${QUOTED}'`,
    ],
  }),
  'a URL as --dbname': (server) => ({ argv: ['--dbname', urlOf(server)] }),
  ORDERSYNC_DATABASE_URL: (server) => ({ env: { ORDERSYNC_DATABASE_URL: urlOf(server) } }),
  PGPASSWORD: (server) => ({ env: { ...placeOf(server), PGPASSWORD: PASSWORD } }),
  '.pgpass': (server) => {
    const escaped = PASSWORD.replaceAll(/[:\\]/g, String.raw`\$&`);
    return { env: { ...placeOf(server), HOME: privateHome({ '.pgpass': `*:*:*:*:${escaped}\n` }) } };
  },
  'a service file': (server) => {
    const lines = [
      `host=${server.host}`,
      `port=${server.port}`,
      `dbname=${database.name}`,
      `user=${role.user}`,
      `password=${PASSWORD}`,
    ];
    return { env: { PGSERVICE: 'shop', HOME: privateHome({ '.pg_service.conf': `[shop]\n${lines.join('\n')}\n` }) } };
  },
  'the project file': (server) => {
    const home = privateHome({ 'c.json': JSON.stringify({ environments: { prod: { url: urlOf(server) } } }) });
    return { argv: ['--config', join(home, 'c.json'), '--env', 'prod'] };
  },
};

const urlOf = ({ host, port }: { host: string; port: number }): string =>
  `postgres://${role.user}:${ENCODED}@${host}:${port}/${database.name}`;
const placeOf = ({ host, port }: { host: string; port: number }) => ({
  PGHOST: host,
  PGPORT: String(port),
  PGDATABASE: database.name,
  PGUSER: role.user,
});

function privateHome(files: Readonly<Record<string, string>>): string {
  const home = mkdtempSync(join(folder, 'home-'));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(home, name), text);
    chmodSync(join(home, name), 0o600);
  }
  return home;
}

function nothing(): void {}

/** The call in a folder of its own, with an empty folder of migrations. */
async function call(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const cwd = mkdtempSync(join(folder, 'cwd-'));
  mkdirSync(join(cwd, 'migrations'));
  let interrupt: (signal: 'SIGINT') => void = nothing;
  return run(argv, {
    cwd,
    env: { ORDERSYNC_MIGRATIONS: 'migrations', ...env },
    onListen: (deliver) => (interrupt = deliver),
    // monitor serve works until somebody ends it.
    ...(argv.includes('serve')
      ? { onStderr: (said) => (said.includes('metrics are at') ? interrupt('SIGINT') : undefined) }
      : {}),
  });
}

/** What of an output would give the password away, with what stands around it. */
const leaks = ({ stdout, stderr }: Ran): readonly string[] => `${stdout}\n${stderr}`.match(/.*hunter2.*/g) ?? [];

/** demo starts a server of its own and drops whatever the environment says about others. */
const COMMANDS = (await allCommands()).filter(({ path }) => path !== 'demo');

/** The command with something for each required argument. */
function lineOf({ path, command }: (typeof COMMANDS)[number]): readonly string[] {
  const args = Object.values<OptionDef>(command.args ?? {}).filter(({ required }) => required);
  const freePort = path === 'monitor serve' ? ['--listen', '127.0.0.1:0'] : [];
  return [...path.split(' '), ...args.map(({ choices }) => choices?.[0] ?? '001'), ...freePort];
}

describe.each(Object.keys(WAYS))('a password given by %s', (way) => {
  it('connects, and is in no output of any command', async () => {
    const { argv = [], env } = WAYS[way]?.(testServer()) ?? {};
    expect((await call(['migrate', 'status', ...argv], env)).code).toBe(0);
    for (const command of COMMANDS) {
      expect(leaks(await call([...lineOf(command), ...argv, '--verbose', '--debug', '--format', 'json'], env))).toEqual(
        [],
      );
    }
  });

  it('is in no output of a command that cannot connect', async () => {
    for (const server of [
      { ...testServer(), port: 1 },
      { ...testServer(), host: 'no-such-host.invalid' },
    ]) {
      const { argv = [], env } = WAYS[way]?.(server) ?? {};
      const ended = await call(['migrate', 'up', ...argv, '--debug'], env);
      expect(ended.code).toBe(3);
      expect(leaks(ended)).toEqual([]);
    }
  });

  it('is not in what config show lists', async () => {
    const { argv = [], env } = WAYS[way]?.(testServer()) ?? {};
    for (const format of ['table', 'csv', 'json']) {
      const ended = await call(['config', 'show', '--origin', '--format', format, ...argv], env);
      expect(ended.code).toBe(0);
      expect(leaks(ended)).toEqual([]);
    }
  });
});

const URL_WITH_MARK = `postgres://me:${MARK}@127.0.0.1:1/shop`;

describe('a password in a place where it does not belong', () => {
  it.each([
    ['the name of a command', [URL_WITH_MARK]],
    ['the name of a verb', ['migrate', URL_WITH_MARK]],
    ['a surplus argument', ['migrate', 'up', URL_WITH_MARK]],
    ['the topic of help', ['help', URL_WITH_MARK]],
    ['an option that does not exist', ['migrate', 'up', `--urll=${URL_WITH_MARK}`]],
    ['--password, which does not exist', ['migrate', 'up', `--password=${MARK}`]],
    ['a choice', ['migrate', 'up', '--format', URL_WITH_MARK]],
    ['a number', ['migrate', 'up', '--count', URL_WITH_MARK]],
    ['a duration', ['migrate', 'up', '--wait', URL_WITH_MARK]],
    ['the name of an environment', ['migrate', 'up', '--env', URL_WITH_MARK]],
    ['the name of a file', ['migrate', 'up', '--config', URL_WITH_MARK]],
    ['the host', ['migrate', 'up', '--dbname', 'x', '--host', URL_WITH_MARK]],
    ['the port', ['migrate', 'up', '--dbname', 'x', '--port', URL_WITH_MARK]],
    ['the user', ['migrate', 'up', '--dbname', 'x', '--host', '127.0.0.1', '--port', '1', '--username', URL_WITH_MARK]],
    ['the host, as config show lists it', ['config', 'show', '--dbname', 'x', '--host', URL_WITH_MARK]],
    ['a URL with a bad port', ['migrate', 'up', '--url', `postgres://me:${MARK}@127.0.0.1:port/shop`]],
    ['a URL with a raw @', ['migrate', 'up', '--url', `postgres://me:${MARK}@x@127.0.0.1:1/shop`]],
    ['a URL with a raw /', ['migrate', 'up', '--url', `postgres://me:x/${MARK}@127.0.0.1:1/shop`]],
    ['a URL with a raw #', ['migrate', 'up', '--url', `postgres://me:x#${MARK}@127.0.0.1:1/shop`]],
    ['a URL with a raw %', ['migrate', 'up', '--url', `postgres://me:x%${MARK}@127.0.0.1:1/shop`]],
    ['a URL with an unknown parameter', ['migrate', 'up', '--url', `postgres://me@127.0.0.1:1/shop?pasword=${MARK}`]],
    ['keywords with a quote that does not end', ['migrate', 'up', '--url', `host=x dbname=y password='${MARK}`]],
    ['keywords with a blank too many', ['migrate', 'up', '--url', `host=x dbname=y password=a ${MARK}`]],
    ['a URL that is none', ['migrate', 'up', '--url', MARK]],
  ])('%s', async (_where, argv) => {
    for (const format of ['table', 'json']) {
      expect(
        leaks(await call([...argv, '--debug', ...(argv.includes('--format') ? [] : ['--format', format])])),
      ).toEqual([]);
    }
  });

  it.each([
    ['JSON that does not parse', 'c.json', `{"environments": {"prod": {"passwd": "${MARK}"`],
    ['JSON with a comma too many', 'c.json', `{"environments": {"prod": {"secret": "${MARK}",}}}`],
    ['JSON with a member that is not known', 'c.json', JSON.stringify({ environments: { prod: { passwd: MARK } } })],
    ['JSON with a wrong type', 'c.json', JSON.stringify({ environments: { prod: MARK } })],
    ['a service file with a line that is none', '.pg_service.conf', `[shop]\nhost=127.0.0.1\npassword ${MARK}\n`],
    ['a service file with an unknown keyword', '.pg_service.conf', `[shop]\nhost=127.0.0.1\npasswd=${MARK}\n`],
    ['a password file with a line that is none', '.pgpass', `${MARK}\n`],
  ])('%s', async (_what, name, text) => {
    const home = privateHome({ [name]: text });
    const env = { HOME: home, ...(name === '.pg_service.conf' ? { PGSERVICE: 'shop' } : {}) };
    const argv =
      name === 'c.json' ? ['--config', join(home, name)] : ['--dbname', 'x', '--host', '127.0.0.1', '--port', '1'];
    const ended = await call(['migrate', 'status', ...argv, '--debug'], env);
    expect(ended.code).toBe(3);
    expect(leaks(ended)).toEqual([]);
  });

  it('a statement of a migration that fails', async () => {
    const { argv = [] } = WAYS['a URL in argv']?.(testServer()) ?? {};
    const migrations = privateHome({
      '001_a.up.sql': `alter role no_such_role_anywhere\n  password '${MARK}';\n`,
      '001_a.down.sql': 'select 1;\n',
    });
    const ended = await call(['migrate', 'up', ...argv, '--debug', '--migrations', migrations]);
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain('001_a.up.sql');
    expect(leaks(ended)).toEqual([]);
  });
});
