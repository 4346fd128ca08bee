import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { environmentOf } from '../../store/s3/fixture.ts';
import { useBuild } from '../../support/program.ts';
import { startS3 } from '../../support/s3/server.ts';
import { useSchema } from '../../support/schema.ts';
import { seededRandom } from '../rotate/random.ts';
import { POINTS, startCampaign } from './campaign.ts';
import { bucketReader, directoryReader } from './readers.ts';
import type { SiteStore } from './site.ts';
import { openSite } from './site.ts';

/** `npm run test:chaos` asks for 100 kills for each kind of store. */
const FULL = process.env['ORDERSYNC_CHAOS'] === 'full';
const KILLS = FULL ? { directory: 100, s3: 100 } : { directory: 5, s3: 3 };
const ROWS = FULL ? 200 : 24;
const SEED = Number(process.env['ORDERSYNC_SEED'] ?? Date.now() % 1_000_000);
const PATIENCE_MS = FULL ? 3_600_000 : 300_000;
const PROMISE = 'every row is in the database or in a proven archive, and it always finishes';

useBuild();

describe('an archive in a directory', () => {
  const database = useSchema();

  test(`${KILLS.directory} kills (seed ${SEED}): ${PROMISE}`, { timeout: PATIENCE_MS }, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ordersync-store-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const store = { env: { ORDERSYNC_ARCHIVE: folder }, reader: directoryReader(folder) };
    expect(await seldomHit(database.current, store, KILLS.directory)).toEqual([]);
  });
});

describe('an archive in S3', () => {
  const database = useSchema();

  test(`${KILLS.s3} kills (seed ${SEED}): ${PROMISE}`, { timeout: PATIENCE_MS }, async () => {
    const s3 = await startS3();
    onTestFinished(async () => s3.close());
    const env = {
      ...(environmentOf(s3) as Record<string, string>),
      ORDERSYNC_ARCHIVE: 's3://archive/shop',
      ORDERSYNC_S3_ENDPOINT: s3.url,
    };
    const store = { env, reader: bucketReader(s3.bucket('archive'), 'shop/') };
    expect(await seldomHit(database.current, store, KILLS.s3)).toEqual([]);
  });
});

/** Kills as often as asked. @returns the places that were hit too seldom; the short form does not come to all of them */
async function seldomHit(
  database: Parameters<typeof openSite>[0],
  store: SiteStore,
  wanted: number,
): Promise<readonly string[]> {
  const random = seededRandom(SEED);
  const site = await openSite(database, { store, rows: ROWS, monthsAtOnce: FULL ? 3 : 1 });
  onTestFinished(() => site.close());
  const { killAt, killSomewhere, finish, kills, landed } = startCampaign(site, random);
  // Every named place in an order of the seed's, again and again; every fourth kill at any moment.
  let places: string[] = [];
  for (let round = 1; kills() < wanted; round += 1) {
    if (round % 4 === 0) {
      await killSomewhere();
      continue;
    }
    if (places.length === 0) places = [...POINTS];
    const [place] = places.splice(random.below(places.length), 1);
    await killAt(place ?? '');
  }
  await finish();
  const told = [...landed].map(([where, times]) => `${where} ${times}`).join(', ');
  console.log(`seed ${SEED}: ${kills()} kills: ${told}`);
  return FULL ? POINTS.filter((point) => (landed.get(point) ?? 0) < 3) : [];
}
