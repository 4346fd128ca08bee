import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { expect } from 'vitest';
import { FAULT_POINTS } from '../../../src/domain/archive/run/needs.ts';
import { addAuditLog, addNotification } from '../../schema/rows.ts';
import { waitFor } from '../../support/wait.ts';
import type { Random } from '../rotate/random.ts';
import type { End, Site } from './site.ts';
import { shadowRows } from './shadow.ts';

/** Those of the manifests' own module, which names no types for them. */
const MANIFEST_POINTS = [
  'archive-before-manifest',
  'archive-between-store-and-database',
  'archive-after-manifest',
] as const;

export const POINTS: readonly string[] = [...FAULT_POINTS, ...MANIFEST_POINTS];

export interface Campaign {
  /** Kills the program at a named place, the n-th time that it comes there. */
  readonly killAt: (point: string) => Promise<void>;
  /** Kills it at any moment. */
  readonly killSomewhere: () => Promise<void>;
  /** Lets it run to its end. */
  readonly finish: () => Promise<void>;
  readonly kills: () => number;
  /** Kills by the named place where they hit, and `anywhere`. */
  readonly landed: ReadonlyMap<string, number>;
  /** The named places in which the fewest kills hit so far. */
  readonly seldomHit: () => readonly string[];
}

/** Proof that failed, and work that could not be finished, are honest ends; a bug or a lost database is none. */
const HONEST = [0, 5, 6];
const LONGEST_MS = 3000;
/** Each table may have a month whose proof the last disturbances broke, and each run finds one more. */
const MOST_RUNS = 12;

/** Kills of one archive after another. After each one every row has to be somewhere, and rows come and change meanwhile. */
export function startCampaign(site: Site, random: Random, tell: (line: string) => void): Campaign {
  const landed = new Map<string, number>();
  const hits = (place: string): number => landed.get(place) ?? 0;
  let kills = 0;
  const valid = async (finished = false): Promise<string> => {
    const { violations, live, archived } = await site.check(finished);
    for (const violation of violations) tell(`VIOLATION: ${violation}`);
    expect(violations).toEqual([]);
    return `${live} rows in the database, ${archived} archived`;
  };
  const killed = async (where: string): Promise<void> => {
    kills += 1;
    landed.set(where, hits(where) + 1);
    await backendsGone(site);
    const under = await underWay(site);
    const [found, done] = [await valid(), await disturb(site, random)];
    tell(`kill ${kills} at ${where} (${under}): ${found}; then ${done}`);
  };
  /** It was through, or stopped by what the disturbances changed: no kill, but a good end. */
  const survived = async (end: End): Promise<void> => {
    requireCode(end, HONEST);
    tell(`came to its end with ${end.code}: ${await valid(end.code === 0)}`);
    if (end.code === 0) await site.addMonths();
  };
  return {
    landed,
    kills: () => kills,
    seldomHit: () => {
      const fewest = Math.min(...POINTS.map(hits));
      return POINTS.filter((place) => hits(place) === fewest);
    },
    killAt: async (point) => {
      const end = await site.start({ ORDERSYNC_FAULT: `${point}@${1 + random.below(2)}:kill` }).whenEnded;
      await (end.code === undefined ? killed(point) : survived(end));
    },
    killSomewhere: async () => {
      const archiver = site.start();
      await Promise.race([archiver.whenEnded, sleep(300 + random.below(LONGEST_MS))]);
      archiver.kill();
      const end = await archiver.whenEnded;
      await (end.code === undefined ? killed('anywhere') : survived(end));
    },
    finish: async () => {
      // A proof that failed because of the last disturbance exports anew the next time; each table may need its own.
      for (let attempt = 1; ; attempt += 1) {
        const end = await site.start().whenEnded;
        requireCode(end, HONEST);
        tell(`run ${attempt} after the last kill ended with ${end.code}: ${await valid(end.code === 0)}`);
        if (end.code === 0) return;
        if (attempt === MOST_RUNS) throw new Error(`does not come to an end:\n${end.stderr}`);
      }
    },
  };
}

/** The server ends what a killed program had sent before it notices; a look at the state must not see half of that. */
async function backendsGone({ sql }: Site): Promise<void> {
  await waitFor(
    async () =>
      (
        await sql`
          select from pg_stat_activity
          where datname = current_database() and application_name like 'ordersync archive run%'`
      ).length === 0,
    'the sessions of the killed program are gone',
  );
}

/** "orders 2025-01 verified and leaving": what the kill left begun. */
async function underWay({ sql }: Site): Promise<string> {
  const rows = await sql<{ entry: string }[]>`
    select concat_ws(' ', source_table, month, nullif(number, 0), state, case when leaving then 'and leaving' end) as entry
    from archive_journal where state <> 'dropped' order by 1`;
  return rows.map(({ entry }) => entry).join(', ') || 'nothing under way';
}

/** What a live database does to a month that leaves: a row comes late, or one changes. @returns what it was */
async function disturb(site: Site, random: Random): Promise<string> {
  try {
    return await writeSomething(site, random);
  } catch (error) {
    // While a detach is unfinished its month takes no rows; the next run finishes it.
    if (error instanceof postgres.PostgresError && error.code === '23514') return 'a late row was refused';
    throw error;
  }
}

async function writeSomething({ sql, months }: Site, random: Random): Promise<string> {
  const at = `${random.pick(months())}-${String(1 + random.below(27)).padStart(2, '0')}T0${random.below(10)}:11:12.131415Z`;
  const kind = random.below(4);
  if (kind === 0) {
    const id = await addAuditLog(sql, { created_at: at });
    await shadowRows(sql, 'audit_logs', `id = '${id}'`);
    return `a late audit row at ${at}`;
  }
  if (kind === 1) {
    const id = await addNotification(sql, { created_at: at, error_message: '늦은 행' });
    await shadowRows(sql, 'notification_logs', `id = '${id}'`);
    return `a late notification at ${at}`;
  }
  if (kind === 2) {
    const [row] = await sql<{ id: string }[]>`
      update order_items set quantity = quantity + 1 where id = (select id from order_items order by id limit 1) returning id`;
    if (row !== undefined) await shadowRows(sql, 'order_items', `id = '${row.id}'`);
    if (row !== undefined) return 'an order item changed';
  }
  return 'nothing';
}

function requireCode({ code, stderr }: End, allowed: readonly (number | undefined)[]): void {
  if (!allowed.includes(code))
    throw new Error(`exit ${code ?? 'by a signal'} instead of ${allowed.join(' or ')}\n${stderr}`);
}
