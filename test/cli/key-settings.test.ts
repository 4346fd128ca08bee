import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { KEYS_MEMBERS } from '../../src/cli/config-file.ts';
import { run } from '../support/io.ts';

const folder = mkdtempSync(join(tmpdir(), 'ordersync-key-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FILE = join(folder, 'ordersync.config.json');
const URL_OF_NOTHING = 'postgres://u@127.0.0.1:1/db';

interface Setting {
  readonly setting: string;
  readonly value: string;
  readonly origin: string;
}

async function settingsOf(
  keys: unknown,
  env: Record<string, string> = {},
  argv: readonly string[] = [],
): Promise<Setting[]> {
  const environments = { dev: { url: URL_OF_NOTHING, ...(keys === undefined ? {} : { keys }) } };
  writeFileSync(FILE, JSON.stringify({ defaultEnvironment: 'dev', environments }));
  const { stdout, code } = await run(['config', 'show', '--origin', '--format', 'json', ...argv], { cwd: folder, env });
  expect(code).toBe(0);
  const { data } = JSON.parse(stdout) as { data: Setting[] };
  return data.filter(({ setting }) => /key|kms|profile/.test(setting));
}

describe('where the keys are', () => {
  it('is said by the project file, with paths relative to it', async () => {
    const origin = `${FILE}, environment dev`;
    expect(
      await settingsOf({ provider: 'local', keyring: 'secrets/keyring.json', keyFile: '/mnt/master.key' }),
    ).toEqual([
      { setting: 'key provider', value: 'local', origin },
      { setting: 'keyring', value: join(folder, 'secrets/keyring.json'), origin },
      { setting: 'key file', value: '/mnt/master.key', origin },
    ]);
    expect(await settingsOf({ provider: 'aws-kms', kmsKey: 'alias/shop', region: 'ap-northeast-2' })).toEqual([
      { setting: 'key provider', value: 'aws-kms', origin },
      { setting: 'kms key', value: 'alias/shop', origin },
      { setting: 'kms region', value: 'ap-northeast-2', origin },
    ]);
  });

  it('is said by the environment before the file, unless --env names the file’s', async () => {
    const file = { provider: 'local', keyring: 'keyring.json' };
    const env = { ORDERSYNC_KMS_KEY: 'alias/other' };
    expect(await settingsOf(file, env)).toEqual([
      { setting: 'key provider', value: 'aws-kms', origin: 'environment ORDERSYNC_KMS_KEY' },
      { setting: 'kms key', value: 'alias/other', origin: 'environment ORDERSYNC_KMS_KEY' },
    ]);
    expect((await settingsOf(file, env, ['--env', 'dev']))[0]?.value).toBe('local');
    expect(await settingsOf(undefined)).toEqual([]);
  });

  it.each([
    ['an unknown provider', { ORDERSYNC_KEY_PROVIDER: 'vault' }, '"vault" is not a key provider'],
    [
      'two of them',
      { ORDERSYNC_KMS_KEY: 'a', ORDERSYNC_KEYRING: 'b' },
      'ORDERSYNC_KMS_KEY and ORDERSYNC_KEYRING are both set',
    ],
  ])('is refused for %s', async (_what, env, message) => {
    writeFileSync(FILE, JSON.stringify({ environments: {} }));
    const { stderr } = await run(['config', 'show'], { cwd: folder, env });
    expect(stderr).toContain(message);
  });

  it('has in the published JSON schema the members that are accepted', async () => {
    const url = new URL('../../docs/ordersync.config.schema.json', import.meta.url);
    const { $defs } = JSON.parse(await readFile(url, 'utf8')) as {
      $defs: { keys: { oneOf: { properties: object }[] } };
    };
    const members = $defs.keys.oneOf.flatMap(({ properties }) => Object.keys(properties));
    expect([...new Set(members)].toSorted()).toEqual(KEYS_MEMBERS.toSorted());
  });
});
