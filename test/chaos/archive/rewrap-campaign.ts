import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { REWRAP_POINTS } from '../../../src/domain/archive/rewrap/needs.ts';
import { monthsAgo } from '../../support/archive/months.ts';
import type { RewrapSite } from '../../support/archive/rewrap-site.ts';
import { BIN } from '../../support/program.ts';
import type { SchemaDatabase } from '../../support/schema.ts';
import { waitFor } from '../../support/wait.ts';
import type { Random } from '../rotate/random.ts';
import type { StoreReader } from './stored.ts';

export const POINTS: readonly string[] = [
  ...REWRAP_POINTS,
  'archive-before-manifest',
  'archive-between-store-and-database',
  'archive-after-manifest',
];
const MONTHS = [9, 8, 7].map(monthsAgo);
const LONGEST_MS = 2500;

export interface Scene {
  readonly site: RewrapSite;
  readonly reader: StoreReader;
  readonly database: SchemaDatabase;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Kills one rewrap after another; when there is nothing to rewrap any more, the key is rotated again.
 * @returns how often it was killed at each place
 */
export async function killRewraps(
  scene: Scene,
  { wanted, rows, random }: { readonly wanted: number; readonly rows: number; readonly random: Random },
): Promise<ReadonlyMap<string, number>> {
  const { site } = scene;
  await fill(site, rows);
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
  return landed;
}

/** Two tables, and late rows of one month. */
async function fill(site: RewrapSite, rows: number): Promise<void> {
  await site.newKeys();
  await site.makeMonths('audit_logs', MONTHS[0] ?? '');
  for (const month of MONTHS) {
    await site.addAudit(month, rows);
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
