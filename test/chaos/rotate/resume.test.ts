import { expect, onTestFinished, test } from 'vitest';
import { useBuild } from '../../support/program.ts';
import { requireCode } from './campaign.ts';
import { USERS } from './places.ts';
import { startRotator } from './rotator.ts';
import type { Site } from './site.ts';
import { openSite } from './site.ts';

useBuild();

test('killed between two statements and resumed, a rotation writes nothing a second time', async () => {
  const site = await openSite(1500);
  onTestFinished(async () => site.close());
  const rotator = (words: string, env = {}) => startRotator(site, { words, env, graceSeconds: 0 });
  const renewed: ReadonlyMap<string, string>[] = [];
  // One job: which rows are written before the fourth statement must not depend on which of two is faster.
  for (const time of [4, 9, 14]) {
    const killed = rotator('--if-older-than 0s --jobs 1', { ORDERSYNC_FAULT: `mid-stripe@${time}:kill` });
    requireCode('killed', await killed.whenEnded, [undefined]);
    renewed.push(await renewedUsers(site));
  }
  requireCode('resumed', await rotator('').whenEnded, [0]);
  const last = await renewedUsers(site);
  expect(last.size).toBe(site.shop.users.length);
  for (const before of renewed) {
    expect(before.size).toBeGreaterThan(0);
    const again = [...before].filter(([id, values]) => last.get(id) !== values);
    expect(again).toEqual([]);
  }
});

/** Every ciphertext of those users that are under the ACTIVE key already. */
async function renewedUsers({ sql }: Site): Promise<ReadonlyMap<string, string>> {
  const rows = await sql<{ id: string; values: string }[]>`
    select id, concat_ws(',', ${sql(Object.keys(USERS.pairs))}) as values
    from users
    where email_key_id = (select key_id from encryption_keys where key_type = 'pii' and status = 'ACTIVE')`;
  return new Map(rows.map(({ id, values }) => [id, values]));
}
