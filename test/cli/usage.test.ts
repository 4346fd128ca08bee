import { describe, expect, it } from 'vitest';
import { run } from '../support/io.ts';
import { useFakes } from './fake.ts';

const register = useFakes();

describe('wrong words are refused with exit code 2, one message and the way to help', () => {
  it.each([
    ['migrat up', "unknown command 'migrat'", 'Did you mean migrate?'],
    ['migrate upp', "unknown command 'upp'", 'Did you mean up?'],
    ['--formt json config show', "unknown option '--formt'", 'Did you mean --format?'],
    ['migrate up --too 3', "unknown option '--too'", 'Did you mean --to?'],
    ['migrate up surplus', "too many arguments for 'up'", 'Expected 0 arguments but got 1'],
    ['migrate new', "missing required argument 'name'", ''],
    ['completion tcsh', 'not one of bash, zsh, fish', ''],
    ['config show --format xml', '"xml" is not one of table, json, ndjson, csv, markdown', ''],
    ['config show --format', "option '--format <format>' argument missing", ''],
    ['migrate up --count abc', '"abc" is not a whole number of at least 1', '--count <n>'],
    ['migrate up --count 0', '"0" is not a whole number of at least 1', ''],
    ['migrate up --count=-1', '"-1" is not a whole number of at least 1', ''],
    ['migrate up --count 1.5', '"1.5" is not a whole number', ''],
    ['migrate up --count 99999999999999999999', 'is not a whole number', ''],
    ['migrate up --wait 5', '"5" is not a duration; write it with its unit', ''],
    ['migrate status --yes', "unknown option '--yes'", ''],
    ['constructor', "unknown command 'constructor'", ''],
    ['migrate __proto__', "unknown command '__proto__'", ''],
    ['help nothing', 'there is no help for "nothing"', 'exit-codes'],
    ['help toString', 'there is no help for "toString"', ''],
    ['completion bash --format csv', 'completion has no use for --format', 'ordersync completion --help'],
    ['--env prod --verbose completion bash', 'completion has no use for --env, --verbose', ''],
    ['demo --url postgres://localhost/shop --migrations here', 'demo has no use for --url, --migrations', ''],
  ])('%s', async (line, message, further) => {
    const { code, stdout, stderr } = await run(line.split(' '));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^ordersync: /);
    expect(stderr).toContain(message);
    expect(stderr).toContain(further);
    expect(stderr).toMatch(/\nhint: .+\n$/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('an empty value is not a value', async () => {
    const { code, stderr } = await run(['migrate', 'new', '']);
    expect(code).toBe(2);
    expect(stderr).toContain('the value is empty');
  });

  it('as JSON when JSON was asked for', async () => {
    const { code, stdout, stderr } = await run(['migrate', 'upp', '--format', 'json']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'usage', hint: 'see ordersync migrate --help' } });
  });

  it('before any file is read or server asked', async () => {
    const env = {
      ORDERSYNC_CONFIG: '/nowhere/ordersync.config.json',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    };
    expect((await run(['migrate', 'up', '--nonsense'], { env })).code).toBe(2);
  });
});

describe('help', () => {
  it.each([[[]], [['--help']], [['-h']], [['help']]])('of the program: ordersync %j', async (argv) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: ordersync /);
  });

  it.each([
    [['migrate'], 'Usage: ordersync migrate [options] [command]'],
    [['help', 'migrate'], 'Usage: ordersync migrate [options] [command]'],
    [['help', 'migrate', 'up'], 'Usage: ordersync migrate up '],
    [['migrate', 'help', 'up'], 'Usage: ordersync migrate up '],
    [['migrate', 'up', '--count', '1', '--help'], 'Usage: ordersync migrate up '],
    [['help', 'completion'], 'Usage: ordersync completion '],
  ])('ordersync %j', async (argv, beginning) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.startsWith(beginning)).toBe(true);
  });

  it('is narrower on a narrower terminal, and not wider on a wide one', async () => {
    const narrow = (await run(['migrate', 'up', '--help'], { tty: true, columns: 60 })).stdout;
    const prose = narrow.slice(0, narrow.indexOf('\nExamples:'));
    expect(prose.split('\n').filter((line) => line.length > 60)).toEqual([]);
    expect((await run(['--help'], { tty: true, columns: 200 })).stdout).toBe((await run(['--help'])).stdout);
  });
});

describe('the version', () => {
  it.each([['--version'], ['-V'], ['migrate --version'], ['migrate up --version'], ['--debug --version']])(
    'is all that `ordersync %s` does',
    async (line) => {
      const { code, stdout, stderr } = await run(line.split(' '));
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^ordersync \d+\.\d+\.\d+\n$/);
    },
  );
});

describe('a failure without a name', () => {
  const broken = { run: async () => Promise.reject(new TypeError('the very cause')) };

  it('is put into words when the server refused, and is no bug', async () => {
    const refusal = Object.assign(new Error('permission denied for table users'), {
      name: 'PostgresError',
      code: '42501',
    });
    register({ run: async () => Promise.reject(refusal) });
    const { code, stderr } = await run(['fake', 'go']);
    expect(code).toBe(3);
    expect(stderr).toContain('permission denied for table users');
    expect(stderr).not.toContain('internal error');
  });

  it('is an internal error: exit code 1, with its stack and where to report it', async () => {
    register(broken);
    const { code, stdout, stderr } = await run(['fake', 'go']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^ordersync: internal error\n\s+TypeError: the very cause\n\s+at /);
    expect(stderr).toMatch(/\nhint: this is a bug in ordersync: please report it/);
  });

  it('is one JSON object when JSON was asked for', async () => {
    register(broken);
    const { code, stderr } = await run(['fake', 'go', '--format=json']);
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'internal', stack: expect.any(Array) } });
  });
});

describe('a failure with a name', () => {
  it.each([
    ['without --debug', [], false],
    ['with --debug', ['--debug'], true],
  ])('%s: stack %s', async (_when, flags, shown) => {
    const { code, stderr } = await run(['migrate', 'status', ...flags]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^ordersync: no database given\n/);
    expect(/^\s+at /m.test(stderr)).toBe(shown);
  });
});
