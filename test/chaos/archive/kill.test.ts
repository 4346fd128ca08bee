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
/** Of the kills of the long form, hits of each named place. */
const EACH_PLACE = 3;
const PATIENCE_MS = FULL ? 7_200_000 : 300_000;
const PROMISE = 'every row is in the database or in a proven archive, and it always finishes';

useBuild();

describe('an archive in a directory', () => {
  const database = useSchema();

  test(`${KILLS.directory} kills (seed ${SEED}): ${PROMISE}`, { timeout: PATIENCE_MS }, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ordersync-store-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const store = { env: { ORDERSYNC_ARCHIVE: folder }, reader: directoryReader(folder) };
    expect(await killOften(database.current, store, { name: 'directory', kills: KILLS.directory })).toEqual([]);
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
    expect(await killOften(database.current, store, { name: 's3', kills: KILLS.s3 })).toEqual([]);
  });
});

/**
 * Kills at the named place that was hit least so far, in an order of the seed's, every fourth time at any moment; until there
 * were as many kills as asked, and each place had its share of them; the short form does not come to all places.
 * @returns the places that had less than their share
 */
async function killOften(
  database: Parameters<typeof openSite>[0],
  store: SiteStore,
  { name, kills: wanted }: { readonly name: string; readonly kills: number },
): Promise<readonly string[]> {
  // Not the same moments for both kinds of store.
  const random = seededRandom(SEED + name.length);
  const tell = (line: string): void => console.log(`${name}, seed ${SEED}: ${line}`);
  const site = await openSite(database, { store, rows: ROWS, monthsAtOnce: FULL ? 3 : 1 });
  onTestFinished(() => site.close());
  const { killAt, killSomewhere, finish, kills, landed, seldomHit } = startCampaign(
    site,
    random,
    FULL ? tell : () => undefined,
  );
  const share = FULL ? EACH_PLACE : 0;
  const enough = (): boolean => kills() >= wanted && (landed.get(seldomHit()[0] ?? '') ?? 0) >= share;
  for (let round = 1; !enough(); round += 1) {
    // Runs that come to their end before they are killed are no kills; far more of them than kills mean a place nobody reaches.
    if (round > 4 * wanted) throw new Error(`never killed at ${seldomHit().join(', ')}`);
    await (round % 4 === 0 ? killSomewhere() : killAt(random.pick(seldomHit())));
  }
  await finish();
  tell(`${kills()} kills: ${[...landed].map(([where, times]) => `${where} ${times}`).join(', ')}`);
  return POINTS.filter((place) => (landed.get(place) ?? 0) < share);
}
