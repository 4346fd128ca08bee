import { expect, onTestFinished, test } from 'vitest';
import { useBuild } from '../../support/program.ts';
import { requireCode } from './campaign.ts';
import { startMutant } from './mutant.ts';
import { seededRandom } from './random.ts';
import { startRotator } from './rotator.ts';
import { startWriter } from './shop.ts';
import type { Site } from './site.ts';
import { openSite } from './site.ts';

useBuild();

/** Enough, and at the rate of rows slow enough, that writers meet rows between their read and their write. */
const ROWS = 4000;

test('a rotation without compare-and-set ends well by its own judgement, and the checker names the lost updates', async () => {
  const { site, rotator, changed } = await startMutation((text) => text.replace(/\w+\.xmin = \w+\.version/g, 'true'));
  const writers = [1, 2, 3].map((seed) => startWriter(site.shop, seededRandom(seed), { stale: seed === 2 }));
  requireCode('without compare-and-set', await rotator('--if-older-than 0s --max-rate 500').whenEnded, [0]);
  for (const writer of writers) await writer.stop();
  expect(changed()).toBeGreaterThan(0);
  expect((await site.check(true)).violations).toContainEqual(expect.stringMatching(/^lost update: users /));
});

test('a rotation that writes its key after the rows leaves, when it is killed, rows that nobody can read', async () => {
  const { site, rotator, changed } = await startMutation((text) =>
    text.replaceAll('encryption_data_keys', 'late_data_keys'),
  );
  await site.sql.unsafe(`
    create table late_data_keys (like encryption_data_keys including all);
    insert into late_data_keys select * from encryption_data_keys;
    grant all on late_data_keys to shop_owner;`);
  const killed = rotator('--if-older-than 0s --table users', { ORDERSYNC_FAULT: 'mid-stripe@8:kill' });
  requireCode('killed among its rows', await killed.whenEnded, [undefined]);
  expect(changed()).toBeGreaterThan(0);
  requireCode('key verify', await site.key('verify --table users'), [5]);
  expect((await site.check(false)).violations).toContainEqual(expect.stringMatching(/^key that is not there: /));
});

/** A site, and the program as it would be with its statements changed. */
async function startMutation(mutate: (text: string) => string) {
  const site: Site = await openSite(ROWS);
  onTestFinished(async () => site.close());
  const mutant = await startMutant(site.env['ORDERSYNC_DATABASE_URL']!, mutate);
  onTestFinished(async () => mutant.close());
  const rotator = (words: string, env: Readonly<Record<string, string>> = {}) =>
    startRotator(site, { words, env: { ...env, ORDERSYNC_DATABASE_URL: mutant.url }, graceSeconds: 3 });
  return { site, rotator, changed: mutant.changed };
}
