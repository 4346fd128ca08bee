import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { REWRAP_POINTS } from '../../../src/domain/archive/rewrap/needs.ts';
import { environmentOf, setAwsEnvironment } from '../../store/s3/fixture.ts';
import type { RewrapSite } from '../../support/archive/rewrap-site.ts';
import { rewrapSite } from '../../support/archive/rewrap-site.ts';
import { monthsAgo } from '../../support/archive/months.ts';
import { useKeyring } from '../../support/key-store.ts';
import { BIN, useBuild } from '../../support/program.ts';
import { startS3 } from '../../support/s3/server.ts';
import type { SchemaDatabase } from '../../support/schema.ts';
import { useSchema } from '../../support/schema.ts';
import { waitFor } from '../../support/wait.ts';
import type { Random } from '../rotate/random.ts';
import { seededRandom } from '../rotate/random.ts';
import { bucketReader, directoryReader } from './readers.ts';
import type { StoreReader } from './stored.ts';

const FULL = process.env['ORDERSYNC_CHAOS'] === 'full';
const KILLS = FULL ? { directory: 100, s3: 60 } : { directory: 6, s3: 4 };
const SEED = Number(process.env['ORDERSYNC_SEED'] ?? Date.now() % 1_000_000);
const PATIENCE_MS = FULL ? 3_600_000 : 300_000;
const PROMISE = 'every archived value can be read at any time, and it always finishes';
const POINTS = [
  ...REWRAP_POINTS,
  'archive-before-manifest',
  'archive-between-store-and-database',
  'archive-after-manifest',
];
const MONTHS = [9, 8, 7].map(monthsAgo);
const ROWS = FULL ? 400 : 40;
const LONGEST_MS = 2500;

useBuild();

describe('a rewrap in a directory', () => {
  const [database, keyring] = [useSchema(), useKeyring()];

  test(`${KILLS.directory} kills (seed ${SEED}): ${PROMISE}`, { timeout: PATIENCE_MS }, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ordersync-store-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const reader = directoryReader(folder);
    const storeEnv = { ORDERSYNC_ARCHIVE: folder };
    const site = rewrapSite({ database, keyring, reader: () => reader, storeEnv: () => storeEnv });
    await campaign({ site, reader, database: database.current, env: { ...keyring.env, ...storeEnv } }, KILLS.directory);
  });
});

describe('a rewrap in S3', () => {
  const [database, keyring] = [useSchema(), useKeyring()];

  test(`${KILLS.s3} kills (seed ${SEED}): ${PROMISE}`, { timeout: PATIENCE_MS }, async () => {
    const s3 = await startS3();
    onTestFinished(async () => s3.close());
    // What runs in this process is led there too.
    onTestFinished(setAwsEnvironment(environmentOf(s3)));
    const storeEnv = {
      ...(environmentOf(s3) as Record<string, string>),
      ORDERSYNC_ARCHIVE: 's3://archive/shop',
      ORDERSYNC_S3_ENDPOINT: s3.url,
    };
    const reader = bucketReader(s3.bucket('archive'), 'shop/');
    const site = rewrapSite({ database, keyring, reader: () => reader, storeEnv: () => storeEnv });
    await campaign({ site, reader, database: database.current, env: { ...keyring.env, ...storeEnv } }, KILLS.s3);
  });
});

interface Scene {
  readonly site: RewrapSite;
  readonly reader: StoreReader;
  readonly database: SchemaDatabase;
  readonly env: Readonly<Record<string, string>>;
}

/** Kills one rewrap after another; when there is nothing to rewrap any more, the key is rotated again. */
async function campaign(scene: Scene, wanted: number): Promise<void> {
  const { site } = scene;
  const random = seededRandom(SEED);
  await fill(site);
  await site.newKeys('pii');
  const landed = new Map<string, number>();
  let places: string[] = [];
  for (let kills = 0, round = 1; kills < wanted; round += 1) {
    if (places.length === 0) places = [...POINTS];
    const place = round % 4 === 0 ? 'anywhere' : (places.splice(random.below(places.length), 1)[0] ?? '');
    const code = await killAt(scene, place, random);
    expect(await site.faults()).toEqual([]);
    if (code === undefined) {
      kills += 1;
      landed.set(place, (landed.get(place) ?? 0) + 1);
      expect((await site.here('archive verify')).code).toBe(0);
    } else {
      expect(code).toBe(0);
      expect(await leftovers(scene)).toEqual([]);
      await site.newKeys('pii');
    }
  }
  const done = await site.bin('archive rewrap --remove-old --yes');
  expect(done).toMatchObject({ code: 0 });
  expect(await site.faults()).toEqual([]);
  expect(await leftovers(scene)).toEqual([]);
  const keys = await site.keysInFiles();
  expect(keys).toHaveLength(1);
  expect(await site.here('archive verify --decrypt-sample 1000')).toMatchObject({ code: 0 });
  await destroyAllBut(scene, keys[0] ?? '');
  expect(await site.faults()).toEqual([]);
  console.log(`seed ${SEED}: ${[...landed].map(([where, times]) => `${where} ${times}`).join(', ')}`);
  if (FULL) expect(POINTS.filter((point) => (landed.get(point) ?? 0) < 2)).toEqual([]);
}

/** Two tables, and late rows of one month. */
async function fill(site: RewrapSite): Promise<void> {
  await site.newKeys();
  await site.makeMonths('audit_logs', MONTHS[0] ?? '');
  for (const month of MONTHS) {
    await site.addAudit(month, ROWS);
    await site.leave('audit_logs', month);
  }
  await site.addAudit(MONTHS[1] ?? '', 5);
  await site.leave('audit_logs', MONTHS[1] ?? '');
}

/** @returns the exit code; undefined when it was killed */
async function killAt({ database, env }: Scene, place: string, random: Random): Promise<number | undefined> {
  const fault = place === 'anywhere' ? {} : { ORDERSYNC_FAULT: `${place}@${1 + random.below(3)}:kill` };
  const child = spawn(process.execPath, [BIN, ...'archive rewrap --remove-old --yes --wait 60s'.split(' ')], {
    cwd: '/',
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      NODE_ENV: 'test',
      ...env,
      ORDERSYNC_DATABASE_URL: database.urlFor({ user: 'schema_owner', password: 'schema' }),
      ...fault,
    },
    stdio: 'ignore',
  });
  const ended = once(child, 'close');
  if (place === 'anywhere') {
    await Promise.race([ended, sleep(300 + random.below(LONGEST_MS))]);
    child.kill('SIGKILL');
  }
  const [code] = (await ended) as [number | null];
  // The server ends what a killed program had sent before it notices; a look at the state must not see half of that.
  await waitFor(
    async () =>
      (
        await database.sql`
          select from pg_stat_activity
           where datname = current_database() and application_name like 'ordersync archive rewrap%'`
      ).length === 0,
    'the sessions of the killed program are gone',
  );
  return code ?? undefined;
}

/** What lies in the store of a rewrap that is through, and that no manifest names for which no other one stands. */
async function leftovers({ site }: Scene): Promise<readonly string[]> {
  const { stdout } = await site.here('archive verify --format json');
  const { data, warnings } = JSON.parse(stdout) as {
    data: { state: string; files_read: number }[];
    warnings: string[];
  };
  const kept = data.filter(({ state, files_read }) => state === 'superseded' && files_read > 0);
  return [...warnings, ...kept.map(() => 'a file of a superseded manifest')];
}

async function destroyAllBut({ site, database }: Scene, kept: string): Promise<void> {
  const keys = await database.sql<{ key: string }[]>`
    select key_id as key from encryption_keys where key_type = 'pii' and key_id <> ${kept} and status = 'RETIRED'`;
  expect(keys.length).toBeGreaterThan(0);
  for (const { key } of keys) expect(await site.key(`destroy ${key} --after 0 --yes`)).toMatchObject({ code: 0 });
}
