import { expect, test } from 'vitest';
import { useBuild } from '../../support/program.ts';
import type { Campaign } from './campaign.ts';
import { requireCode, startCampaign } from './campaign.ts';
import { PHASES } from './rotator.ts';

/** `npm run test:chaos` asks for all 200 kills; the short form hits every phase once. */
const FULL = process.env['ORDERSYNC_CHAOS'] === 'full';
const KILLS = FULL ? 200 : 7;
const ROWS = FULL ? 15_000 : 1000;
const SEED = Number(process.env['ORDERSYNC_SEED'] ?? Date.now() % 1_000_000);
/** Two hours for what takes half of one. */
const PATIENCE_MS = FULL ? 7_200_000 : 300_000;
const GRACE_SECONDS = 3;
/** How a rotation ends that was through before it was to be killed, while rows are locked. */
const ROWS_LEFT = [6];

useBuild();

test(
  `${KILLS} kills of a rotation, its sessions and its server (seed ${SEED}): no value is lost, and it always finishes`,
  { timeout: PATIENCE_MS },
  async () => {
    const landed = new Map<string, number>();
    let kills = 0;
    for (let round = 0; kills < KILLS; round += 1) {
      const campaign = await startCampaign({ rows: ROWS, seed: SEED + round });
      try {
        await rotationKilledAtItsRows(campaign);
        await rotationKilledAtItsEnd(campaign);
      } finally {
        console.log(`seed ${SEED}, round ${round + 1}: ${await campaign.close()}`);
      }
      kills += campaign.kills();
      for (const [phase, times] of campaign.landed) landed.set(phase, (landed.get(phase) ?? 0) + times);
    }
    console.log(`${kills} kills: ${[...landed].map(([phase, times]) => `${phase} ${times}`).join(', ')}`);
    const seldom = PHASES.filter((phase) => (landed.get(phase) ?? 0) < (FULL ? 3 : 1));
    expect(seldom).toEqual([]);
  },
);

/** Before the new key is there, when it is, and again and again between two statements; at last by two programs at once. */
async function rotationKilledAtItsRows(campaign: Campaign): Promise<void> {
  const { random, site } = campaign;
  campaign.setGrace(GRACE_SECONDS);
  await withKmsDown(campaign);
  await campaign.killAt('after-keyring-write');
  await repeat(FULL ? 2 : 0, async () => campaign.killIn('before the flip'));
  site.kms.fail('throttle', { times: 3 });
  await campaign.killAt('after-key-flip');
  await campaign.killAt('mid-stripe', 1 + random.below(4));
  await repeat(FULL ? 8 : 0, async () => campaign.killIn('chunks'));
  await campaign.disturb('sessions terminated', async () => terminateSessions(campaign), [0, 3, 6]);
  await campaign.disturb('server crashed', async () => site.server.restart('immediate'), [0, 3, 6]);
  if (FULL) await campaign.disturb('interrupted', async (rotator) => rotator.interrupt(), [0, 130]);
  await campaign.finish(2);
}

/** 5 % of the users are held by a session that does nothing: all other rows are done, and these are named. */
async function rotationKilledAtItsEnd(campaign: Campaign): Promise<void> {
  const held = await lockUsers(campaign, 0.05);
  try {
    // So long that all chunks are done before it is over, on a busy machine too.
    campaign.setGrace(60);
    await repeat(FULL ? 2 : 1, async () => campaign.killIn('grace', ROWS_LEFT));
    campaign.setGrace(GRACE_SECONDS);
    await repeat(FULL ? 2 : 1, async () => campaign.killIn('sweep', ROWS_LEFT));
    await expectRowsNamed(campaign, held.ids);
  } finally {
    await held.release();
  }
  await repeat(FULL ? 3 : 1, async () => campaign.killIn('proof'));
  await campaign.killAt('before-finish');
  await campaign.finish();
}

async function withKmsDown({ site, start }: Campaign): Promise<void> {
  const keys = async () => site.sql`select key_id, status from encryption_keys order by key_id`;
  const before = await keys();
  const nobody = { AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:1' };
  requireCode('KMS down', await start('--if-older-than 0s --kms-timeout 1s', nobody).whenEnded, [3]);
  expect(await keys()).toEqual(before);
}

async function terminateSessions({ site }: Campaign): Promise<void> {
  await site.sql`
    select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'ordersync key rotate%'`;
}

async function expectRowsNamed({ site, start }: Campaign, held: readonly string[]): Promise<void> {
  const end = await start().whenEnded;
  requireCode('rows locked', end, [6]);
  expect(held.filter((id) => end.stdout.includes(id)).length).toBe(Math.min(held.length, 100));
  const rotating = await site.sql`select from encryption_keys where key_type = 'pii' and status = 'ROTATING'`;
  expect(rotating).toHaveLength(1);
}

/** Locks a share of the users in an idle transaction, but those that somebody else has. */
async function lockUsers({ site, random }: Campaign, share: number) {
  const session = await site.sql.reserve();
  await session`begin`;
  const locked = await session<{ id: string }[]>`
    select id::text from users
    order by md5(id::text || ${String(random.next())}::text)
    limit (select ceil(count(*) * ${share}::float8) from users)
    for update skip locked`;
  expect(locked.length).toBeGreaterThan(0);
  const release = async (): Promise<void> => {
    await session`rollback`;
    session.release();
  };
  return { ids: locked.map(({ id }) => id), release };
}

async function repeat(times: number, work: () => Promise<void>): Promise<void> {
  for (let time = 0; time < times; time += 1) await work();
}
