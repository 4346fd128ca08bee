import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ARCHIVE_MEMBERS } from '../../src/cli/config-file.ts';
import { loadConfiguration } from '../../src/cli/config.ts';
import { systemClock } from '../../src/cli/session.ts';
import { createStores } from '../../src/cli/store.ts';
import { resolveStoreSettings } from '../../src/cli/store-settings.ts';
import type { StoreRequest } from '../../src/context.ts';
import type { Io } from '../../src/cli/io.ts';
import { run } from '../support/io.ts';

const folder = mkdtempSync(join(tmpdir(), 'ordersync-store-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FILE = join(folder, 'ordersync.config.json');
const ORIGIN = `${FILE}, environment dev`;

function ioWith(env: Record<string, string>): Io {
  return { cwd: folder, env: { HOME: '/nonexistent', ...env } } as unknown as Io;
}

function write(archive: unknown): void {
  const environments = { dev: { url: 'postgres://u@127.0.0.1:1/db', ...(archive === undefined ? {} : { archive }) } };
  writeFileSync(FILE, JSON.stringify({ defaultEnvironment: 'dev', environments }));
}

async function resolved(
  archive: unknown,
  env: Record<string, string> = {},
  request: StoreRequest & { env?: string } = {},
) {
  write(archive);
  const io = ioWith(env);
  return resolveStoreSettings(io, await loadConfiguration(io, { env: request.env }), request);
}

describe('where archives go', () => {
  it('is said by the project file, with a directory relative to it', async () => {
    expect(await resolved({ to: 'archive' })).toEqual({
      kind: 'directory',
      path: join(folder, 'archive'),
      sources: [{ setting: 'archive', value: join(folder, 'archive'), origin: ORIGIN }],
    });
    expect(
      await resolved({
        to: 's3://bucket/shop/',
        region: 'eu-central-1',
        endpoint: 'https://s3.example',
        profile: 'ops',
      }),
    ).toEqual({
      kind: 's3',
      bucket: 'bucket',
      prefix: 'shop',
      region: 'eu-central-1',
      endpoint: 'https://s3.example',
      profile: 'ops',
      sources: [
        { setting: 'archive', value: 's3://bucket/shop/', origin: ORIGIN },
        { setting: 's3 endpoint', value: 'https://s3.example', origin: ORIGIN },
        { setting: 's3 region', value: 'eu-central-1', origin: ORIGIN },
        { setting: 's3 profile', value: 'ops', origin: ORIGIN },
      ],
    });
  });

  it('is said by a flag before the variable, and by the variable before the file, unless --env names the file’s', async () => {
    const env = { ORDERSYNC_ARCHIVE: 's3://variable' };
    expect(await resolved({ to: 'file' }, env, { to: '/flag' })).toMatchObject({
      path: '/flag',
      sources: [{ origin: 'flag --to' }],
    });
    expect(await resolved({ to: 'file' }, env)).toMatchObject({
      bucket: 'variable',
      prefix: '',
      sources: [{ origin: 'environment ORDERSYNC_ARCHIVE' }],
    });
    expect(await resolved({ to: 'file' }, env, { env: 'dev' })).toMatchObject({ path: join(folder, 'file') });
    expect(await resolved(undefined)).toBeUndefined();
  });

  it('may be a file URL, and a relative directory of this folder', async () => {
    expect(await resolved(undefined, { ORDERSYNC_ARCHIVE: 'file:///srv/the%20archive' })).toMatchObject({
      path: '/srv/the archive',
    });
    expect(await resolved(undefined, { ORDERSYNC_ARCHIVE: './here' })).toMatchObject({ path: join(folder, 'here') });
  });

  it('takes the endpoint of S3 from flag, variable or file', async () => {
    const env = { ORDERSYNC_S3_ENDPOINT: 'http://variable:9000' };
    const archive = { to: 's3://bucket', endpoint: 'http://file:9000' };
    expect(await resolved(archive, env, { endpoint: 'http://flag:9000' })).toMatchObject({
      endpoint: 'http://flag:9000',
    });
    expect(await resolved(archive, env)).toMatchObject({ endpoint: 'http://variable:9000' });
    expect(await resolved(archive)).toMatchObject({ endpoint: 'http://file:9000' });
  });

  it.each([
    's3://',
    's3://key:hunter2@bucket/prefix',
    's3://Bucket',
    's3://bucket/pre fix',
    's3:bucket',
    'https://u:hunter2@host/bucket',
    'file://host/hunter2',
    'file:///%2fhunter2',
  ])('is refused when it is %s, without repeating it', async (to) => {
    const failure: unknown = await resolved(undefined, { ORDERSYNC_ARCHIVE: to }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'config',
      message: 'what environment ORDERSYNC_ARCHIVE says is no place for archives',
    });
    expect(JSON.stringify(failure)).not.toContain('hunter2');
  });

  it.each(['ftp://host', 'nonsense', 'https://u:hunter2@host'])('is refused with the endpoint %s', async (endpoint) => {
    const failure: unknown = await resolved({ to: 's3://bucket' }, {}, { endpoint }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'config',
      message: expect.stringContaining('(flag --endpoint) is not an http or https URL'),
    });
    expect(JSON.stringify(failure)).not.toContain('hunter2');
  });

  it('is shown with its origin, and a broken one is a warning', async () => {
    write({ to: 's3://bucket/shop' });
    const shown = await run(['config', 'show', '--origin', '--format', 'json'], { cwd: folder, env: {} });
    expect(JSON.parse(shown.stdout)).toMatchObject({
      data: expect.arrayContaining([{ setting: 'archive', value: 's3://bucket/shop', origin: ORIGIN }]),
    });
    write({ to: 's3://' });
    const broken = await run(['config', 'show', '--format', 'json'], { cwd: folder, env: {} });
    expect(JSON.parse(broken.stdout)).toMatchObject({
      warnings: [expect.stringContaining('is no place for archives')],
    });
  });
});

async function open(request: StoreRequest, env: Record<string, string> = {}) {
  write(undefined);
  const io = ioWith(env);
  const stores = createStores(io, {
    configuration: async () => loadConfiguration(io, {}),
    clock: systemClock(),
    signal: new AbortController().signal,
  });
  const [one, two] = await Promise.all([stores.store(request), stores.store(request)]);
  await stores.close();
  return { one, two };
}

describe('the store of a command', () => {
  it('is opened once for equal requests', async () => {
    mkdirSync(join(folder, 'archive'));
    const { one, two } = await open({ to: 'archive' });
    expect(one).toBe(two);
    expect(one.location).toBe(`file://${join(folder, 'archive')}`);
    expect((await open({ to: 's3://bucket/x' })).one.location).toBe('s3://bucket/x');
  });

  it('is missed by name, and refuses what has no use for a directory', async () => {
    await expect(open({})).rejects.toMatchObject({ code: 'config', message: 'no place for archives is configured' });
    await expect(open({ option: '--from' })).rejects.toMatchObject({
      details: { hint: expect.stringMatching(/^give --from, ORDERSYNC_ARCHIVE/u) },
    });
    await expect(open({ option: '--from', to: 'ftp://x' })).rejects.toMatchObject({
      message: 'what flag --from says is no place for archives',
    });
    await expect(open({ to: 'nowhere' })).rejects.toMatchObject({
      code: 'config',
      message: `there is no directory ${join(folder, 'nowhere')}`,
    });
    await expect(open({ to: 'archive', endpoint: 'http://s3' })).rejects.toMatchObject({ code: 'usage' });
    const objectLock = { mode: 'governance', retainUntil: new Date() } as const;
    await expect(open({ to: 'archive', objectLock })).rejects.toMatchObject({
      code: 'usage',
      message: 'a directory has no object lock',
    });
  });
});

it('the published JSON schema has exactly the members that are accepted', async () => {
  const schema: unknown = JSON.parse(
    await readFile(new URL('../../docs/ordersync.config.schema.json', import.meta.url), 'utf8'),
  );
  const { $defs } = schema as { $defs: { archive: { properties: object; required: string[] } } };
  expect(Object.keys($defs.archive.properties).toSorted()).toEqual(ARCHIVE_MEMBERS.toSorted());
  expect($defs.archive.required).toEqual(['to']);
});
