import { expect } from 'vitest';
import type { FAULT_POINTS } from '../../../src/domain/keys/rotate/types.ts';
import type { Random } from './random.ts';
import { seededRandom } from './random.ts';
import type { End, Phase, Rotator } from './rotator.ts';
import { startRotator } from './rotator.ts';
import type { Writer } from './shop.ts';
import { startWriter } from './shop.ts';
import type { Site } from './site.ts';
import { openSite } from './site.ts';

type FaultPoint = (typeof FAULT_POINTS)[number];

/** Rotations under faults, while two writers work. Every fault is followed by a look at the whole state. */
export interface Campaign {
  readonly site: Site;
  readonly random: Random;
  readonly kills: () => number;
  /**
   * Kills the program some milliseconds after it reached a phase.
   * @param ends how a run may end that was through before; by default 0
   */
  readonly killIn: (phase: Phase, ends?: readonly number[]) => Promise<void>;
  /** The program kills itself at a named point, the n-th time it comes there. */
  readonly killAt: (point: FaultPoint, time?: number) => Promise<void>;
  /** Starts it, lets it reach its chunks, does something to it, and looks at what it leaves. */
  readonly disturb: (
    what: string,
    disturb: (rotator: Rotator) => Promise<void>,
    codes: readonly number[],
  ) => Promise<void>;
  readonly start: (words?: string, env?: Readonly<Record<string, string>>) => Rotator;
  /** Resumes to the end, by so many programs at once. */
  readonly finish: (programs?: number) => Promise<void>;
  /** The state as it must be at any moment: by `key verify`, and by the checker. */
  readonly expectValid: (finished?: boolean) => Promise<void>;
  /** How many faults landed in each phase. */
  readonly landed: ReadonlyMap<string, number>;
  readonly setGrace: (seconds: number) => void;
  /** Ends the writers. @returns what happened, on one line */
  readonly close: () => Promise<string>;
}

const PHASE_OF_POINT: Readonly<Record<FaultPoint, Phase>> = {
  'after-keyring-write': 'before the flip',
  'after-key-flip': 'chunks',
  'mid-stripe': 'chunks',
  'before-finish': 'finish',
};

/** Points that a run which goes on does not pass. */
const BEFORE_CHUNKS: readonly FaultPoint[] = ['after-keyring-write', 'after-key-flip'];

/** Up to so long after a phase began its fault lands. */
const SCATTER_MS: Readonly<Record<Phase, number>> = {
  'before the flip': 800, // node starts, and the preflight looks around
  chunks: 600,
  grace: 60,
  sweep: 60,
  proof: 60,
  finish: 0,
};

export async function startCampaign({ rows, seed }: { rows: number; seed: number }): Promise<Campaign> {
  const site = await openSite(rows);
  const random = seededRandom(seed);
  const writers = [1, 2].map((n) => startWriter(site.shop, seededRandom(seed + n), { stale: n === 2 }));
  const landed = new Map<string, number>();
  const state = { kills: 0, checks: 0, finished: 0, graceSeconds: 3 };
  const land = (phase: string): void => void landed.set(phase, (landed.get(phase) ?? 0) + 1);

  const start: Campaign['start'] = (words = '', env = {}) =>
    startRotator(site, { words, env, graceSeconds: state.graceSeconds });
  /** An unfinished run is resumed by the plain command; without one the key is made older than it is. */
  const startOrResume = async (env = {}, words = ''): Promise<Rotator> =>
    start(`${(await isRunning(site)) ? '' : '--if-older-than 0s'} ${words}`, env);
  const expectValid = async (finished = false): Promise<void> => {
    requireCode('key verify', await site.key('verify'), [0]);
    expect((await site.check(finished)).violations).toEqual([]);
    state.checks += 1;
  };
  const afterKill = async (phase: string): Promise<void> => {
    state.kills += 1;
    land(phase);
    console.log(`kill ${state.kills}: ${phase}`);
    await expectValid();
  };
  const finish: Campaign['finish'] = async (programs = 1) => {
    const first = await startOrResume();
    const others = Array.from({ length: programs - 1 }, () => start());
    for (const rotator of [first, ...others]) requireCode('the last run', await rotator.whenEnded, [0]);
    state.finished += 1;
    await expectValid(true);
  };
  return {
    site,
    random,
    landed,
    kills: () => state.kills,
    start,
    expectValid,
    setGrace: (seconds) => void (state.graceSeconds = seconds),
    killIn: async (phase, ends = [0]) => {
      const rotator = await startOrResume();
      if (await rotator.reaches(phase, random.below(SCATTER_MS[phase]))) {
        await rotator.kill();
        return afterKill(await rotator.phase());
      }
      // It was through before; that is no kill, but must be a good end.
      requireCode(`past ${phase}`, await rotator.whenEnded, ends);
      await expectValid();
    },
    killAt: async (point, time = 1) => {
      // A kill that was to land before the flip may have come after it, on a busy machine.
      if (BEFORE_CHUNKS.includes(point) && (await isRunning(site))) await finish();
      const rotator = await startOrResume({ ORDERSYNC_FAULT: `${point}@${time}:kill` });
      requireCode(`to be killed at ${point}`, await rotator.whenEnded, [undefined]);
      await afterKill(PHASE_OF_POINT[point]);
    },
    disturb: async (what, disturb, codes) => {
      // So slow that it is not through before it is disturbed.
      const rotator = await startOrResume({}, '--max-rate 200');
      await rotator.reaches('chunks', random.below(40));
      await disturb(rotator);
      const end = await rotator.whenEnded;
      console.log(`${what}: exit ${end.code}`);
      requireCode(what, end, codes);
      await expectValid();
    },
    finish,
    close: async () => {
      try {
        await Promise.all(writers.map(async (writer) => writer.stop()));
      } finally {
        await site.close();
      }
      return `${state.kills} kills, ${state.finished} rotations, ${state.checks} checks, ${writesOf(writers)}`;
    },
  };
}

async function isRunning({ sql }: Site): Promise<boolean> {
  const runs = await sql`select from key_rotation_runs where key_type = 'pii' and status = 'RUNNING'`;
  return runs.length > 0;
}

/** @throws Error with what the program said, which an exit status alone does not tell */
export function requireCode(what: string, { code, stderr }: End, allowed: readonly (number | undefined)[]): void {
  if (allowed.includes(code)) return;
  throw new Error(`${what}: exit ${code ?? 'by a signal'} instead of ${allowed.join(' or ')}\n${stderr}`);
}

function writesOf(writers: readonly Writer[]): string {
  const sum = (of: (writer: Writer) => number): number => writers.reduce((total, writer) => total + of(writer), 0);
  return `${sum((writer) => writer.committed())} writes of the shop, ${sum((writer) => writer.retried())} repeated`;
}
