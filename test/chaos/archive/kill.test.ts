import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { useBuild } from '../../support/program.ts';
import { useSchema } from '../../support/schema.ts';
import { seededRandom } from '../rotate/random.ts';
import { POINTS, startCampaign } from './campaign.ts';
import { directoryReader } from './readers.ts';
import type { SiteStore } from './site.ts';
import { openSite } from './site.ts';

/** `npm run test:chaos` asks for 100 kills for each kind of store. */
const FULL = process.env['ORDERSYNC_CHAOS'] === 'full';
const KILLS = FULL ? 100 : 8;
const ROWS = FULL ? 200 : 24;
const SEED = Number(process.env['ORDERSYNC_SEED'] ?? Date.now() % 1_000_000);
const PATIENCE_MS = FULL ? 3_600_000 : 300_000;

useBuild();

describe('an archive that is killed', () => {
  const database = useSchema();

  test(
    `${KILLS} kills with a directory (seed ${SEED}): every row is in the database or in a proven archive, and it always finishes`,
    { timeout: PATIENCE_MS },
    async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'ordersync-store-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const landed = await campaign({ env: { ORDERSYNC_ARCHIVE: folder }, reader: directoryReader(folder) });
      expect(seldom(landed)).toEqual([]);
    },
  );

  async function campaign(store: SiteStore): Promise<ReadonlyMap<string, number>> {
    const random = seededRandom(SEED);
    const site = await openSite(database.current, { store, rows: ROWS });
    onTestFinished(() => site.close());
    const { killAt, killSomewhere, finish, kills, landed } = startCampaign(site, random);
    // Every named place in an order of the seed's, again and again; every fourth kill at any moment.
    let places: string[] = [];
    for (let round = 1; kills() < KILLS; round += 1) {
      if (round % 4 === 0) {
        await killSomewhere();
        continue;
      }
      if (places.length === 0) places = [...POINTS];
      const [place] = places.splice(random.below(places.length), 1);
      await killAt(place ?? '');
    }
    await finish();
    console.log(
      `seed ${SEED}: ${kills()} kills: ${[...landed].map(([where, times]) => `${where} ${times}`).join(', ')}`,
    );
    return landed;
  }
});

/** Places that were hit less than three times; the short form does not come to all of them. */
function seldom(landed: ReadonlyMap<string, number>): readonly string[] {
  return FULL ? POINTS.filter((point) => (landed.get(point) ?? 0) < 3) : [];
}
