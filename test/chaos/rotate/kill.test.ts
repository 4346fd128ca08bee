import { expect, onTestFinished, test } from 'vitest';
import { useBuild } from '../../support/program.ts';
import type { Campaign } from './campaign.ts';
import { requireCode, startCampaign } from './campaign.ts';
import { PHASES } from './rotator.ts';

/** `npm run test:chaos` asks for all 200 kills; the short form hits every phase once. */
const FULL = process.env['ORDERSYNC_CHAOS'] === 'full';
const KILLS = FULL ? 200 : 6;
const ROWS = FULL ? 30_000 : 1000;
const SEED = Number(process.env['ORDERSYNC_SEED'] ?? Date.now() % 1_000_000);
/** An hour for what takes half of one. */
const PATIENCE_MS = FULL ? 3_600_000 : 180_000;

useBuild();

test(
  `${KILLS} kills of a rotation, its server and its sessions (seed ${SEED}): no value is lost, and it always finishes`,
  { timeout: PATIENCE_MS },
  async () => {
    const campaign = await startCampaign({ rows: ROWS, seed: SEED });
    let summary = '';
    const close = async (): Promise<void> => {
      if (summary === '') summary = await campaign.close();
    };
    onTestFinished(close);
    do {
      await rotationKilledAtItsRows(campaign);
      await rotationKilledAtItsEnd(campaign);
      await rotationWithoutKms(campaign);
      await rotationOfLockedRows(campaign);
    } while (campaign.kills() < KILLS);
    await close();
    console.log(`seed ${SEED}: ${summary}; ${[...campaign.landed].map(([phase, n]) => `${phase} ${n}`).join(', ')}`);
    const seldom = PHASES.filter((phase) => (campaign.landed.get(phase) ?? 0) < (FULL ? 3 : 1));
    expect(seldom).toEqual([]);
  },
);

/** Before the new key is there, when it is, and again and again between two statements; at last by two programs at once. */
async function rotationKilledAtItsRows(campaign: Campaign): Promise<void> {
  const { random } = campaign;
  campaign.setGrace(3);
  await campaign.killAt('after-keyring-write');
  if (FULL) await campaign.killIn('before the flip');
  await campaign.killAt('after-key-flip');
  await campaign.killAt('mid-stripe', 1 + random.below(4));
  for (let kill = 0; kill < (FULL ? 8 : 0); kill += 1) await campaign.killIn('chunks');
  await campaign.disturb('sessions terminated', async () => terminateSessions(campaign), [0, 3, 6]);
  await campaign.disturb('server crashed', async () => campaign.site.server.restart('immediate'), [0, 3, 6]);
  if (FULL) await campaign.disturb('interrupted', async (rotator) => rotator.interrupt(), [0, 130]);
  await campaign.finish(2);
}

async function rotationKilledAtItsEnd(campaign: Campaign): Promise<void> {
  // So long that all chunks are done before it is over.
  campaign.setGrace(FULL ? 20 : 3);
  // A few rows that are held make the sweep wait.
  const { release } = await lockUsers(campaign, 0.002);
  await campaign.killIn('grace');
  await campaign.killIn('sweep');
  await release();
  await campaign.killIn('proof');
  await campaign.killAt('before-finish');
  await campaign.finish();
}

async function terminateSessions({ site }: Campaign): Promise<void> {
  await site.sql`
    select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'ordersync key rotate%'`;
}

/** Down: nothing happens at all. Throttled: it waits, and goes on. */
async function rotationWithoutKms({ site, start, expectValid, setGrace }: Campaign): Promise<void> {
  setGrace(3);
  const keys = async () => site.sql`select key_id, status from encryption_keys order by key_id`;
  const before = await keys();
  const down = start('--if-older-than 0s --kms-timeout 1s', { AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:1' });
  requireCode('KMS down', await down.whenEnded, [3]);
  expect(await keys()).toEqual(before);
  site.kms.fail('throttle', { times: 3 });
  const throttled = start('--if-older-than 0s');
  requireCode('KMS throttled', await throttled.whenEnded, [0]);
  await expectValid(true);
}

/** 5 % of the users, held by a session that does nothing: all other rows are done, these are named. */
async function rotationOfLockedRows(campaign: Campaign): Promise<void> {
  const { site, start, finish, setGrace } = campaign;
  setGrace(3);
  const { ids, release } = await lockUsers(campaign, 0.05);
  try {
    const end = await start('--if-older-than 0s').whenEnded;
    requireCode('rows locked', end, [6]);
    expect(ids.filter((id) => end.stdout.includes(id)).length).toBeGreaterThan(0);
    const rotating = await site.sql`select from encryption_keys where key_type = 'pii' and status = 'ROTATING'`;
    expect(rotating).toHaveLength(1);
  } finally {
    await release();
  }
  await finish();
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
