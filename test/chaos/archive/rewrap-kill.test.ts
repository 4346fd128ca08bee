import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { environmentOf, setAwsEnvironment } from '../../store/s3/fixture.ts';
import { rewrapSite } from '../../support/archive/rewrap-site.ts';
import { useKeyring } from '../../support/key-store.ts';
import { useBuild } from '../../support/program.ts';
import { startS3 } from '../../support/s3/server.ts';
import { useSchema } from '../../support/schema.ts';
import { seededRandom } from '../rotate/random.ts';
import { bucketReader, directoryReader } from './readers.ts';
import type { Scene } from './rewrap-campaign.ts';
import { killRewraps, POINTS } from './rewrap-campaign.ts';

const FULL = process.env['ORDERSYNC_CHAOS'] === 'full';
const KILLS = FULL ? { directory: 100, s3: 60 } : { directory: 6, s3: 4 };
const SEED = Number(process.env['ORDERSYNC_SEED'] ?? Date.now() % 1_000_000);
const PATIENCE_MS = FULL ? 3_600_000 : 300_000;
const PROMISE = 'every archived value can be read at any time, and it always finishes';
const ROWS = FULL ? 400 : 40;

useBuild();

describe('a rewrap in a directory', () => {
  const [database, keyring] = [useSchema(), useKeyring()];

  test(`${KILLS.directory} kills (seed ${SEED}): ${PROMISE}`, { timeout: PATIENCE_MS }, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ordersync-store-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const reader = directoryReader(folder);
    const storeEnv = { ORDERSYNC_ARCHIVE: folder };
    const site = rewrapSite({ database, keyring, reader: () => reader, storeEnv: () => storeEnv });
    const scene = { site, reader, database: database.current, env: { ...keyring.env, ...storeEnv } };
    expect(await seldomHit(scene, KILLS.directory)).toEqual([]);
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
    const scene = { site, reader, database: database.current, env: { ...keyring.env, ...storeEnv } };
    expect(await seldomHit(scene, KILLS.s3)).toEqual([]);
  });
});

/** @returns the places that were hit too seldom; the short form does not come to all of them */
async function seldomHit(scene: Scene, wanted: number): Promise<readonly string[]> {
  const landed = await killRewraps(scene, { wanted, rows: ROWS, random: seededRandom(SEED) });
  console.log(`seed ${SEED}: ${[...landed].map(([where, times]) => `${where} ${times}`).join(', ')}`);
  return FULL ? POINTS.filter((point) => (landed.get(point) ?? 0) < 2) : [];
}
