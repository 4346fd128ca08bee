import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { FAULT_POINTS } from '../../../src/domain/archive/run/needs.ts';
import { addAuditLog, addNotification } from '../../schema/rows.ts';
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
  readonly landed: ReadonlyMap<string, number>;
}

/** Proof that failed, and work that could not be finished, are honest ends; a bug or a lost database is none. */
const HONEST = [0, 5, 6];
const LONGEST_MS = 3000;

/** Kills of one archive after another. After each one every row has to be somewhere, and rows come and change meanwhile. */
export function startCampaign(site: Site, random: Random): Campaign {
  const landed = new Map<string, number>();
  let kills = 0;
  const valid = async (finished = false): Promise<void> => {
    expect((await site.check(finished)).violations).toEqual([]);
  };
  const killed = async (where: string): Promise<void> => {
    kills += 1;
    landed.set(where, (landed.get(where) ?? 0) + 1);
    await valid();
    await disturb(site, random);
  };
  /** It was through, or stopped by what the disturbances changed: no kill, but a good end. */
  const survived = async (end: End): Promise<void> => {
    requireCode(end, HONEST);
    await valid(end.code === 0);
    if (end.code === 0) await site.addMonths();
  };
  return {
    landed,
    kills: () => kills,
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
        await valid(end.code === 0);
        if (end.code === 0) return;
        if (attempt === 12) throw new Error(`does not come to an end:\n${end.stderr}`);
      }
    },
  };
}

/** What a live database does to a month that leaves: a row comes late, or one changes. */
async function disturb({ sql, months }: Site, random: Random): Promise<void> {
  const at = `${random.pick(months())}-${String(1 + random.below(27)).padStart(2, '0')}T0${random.below(10)}:11:12.131415Z`;
  const kind = random.below(4);
  if (kind === 0) {
    const id = await addAuditLog(sql, { created_at: at });
    await shadowRows(sql, 'audit_logs', `id = '${id}'`);
  } else if (kind === 1) {
    const id = await addNotification(sql, { created_at: at, error_message: '늦은 행' });
    await shadowRows(sql, 'notification_logs', `id = '${id}'`);
  } else if (kind === 2) {
    const [row] = await sql<{ id: string }[]>`
      update order_items set quantity = quantity + 1 where id = (select id from order_items order by id limit 1) returning id`;
    if (row !== undefined) await shadowRows(sql, 'order_items', `id = '${row.id}'`);
  }
}

function requireCode({ code, stderr }: End, allowed: readonly (number | undefined)[]): void {
  if (!allowed.includes(code))
    throw new Error(`exit ${code ?? 'by a signal'} instead of ${allowed.join(' or ')}\n${stderr}`);
}
