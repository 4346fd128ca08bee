import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { BIN } from '../../support/program.ts';
import type { Site } from './site.ts';

/** Where in a rotation a fault lands. */
export const PHASES = ['before the flip', 'chunks', 'grace', 'sweep', 'proof', 'finish'] as const;
export type Phase = (typeof PHASES)[number];

export interface Rotator {
  readonly whenEnded: Promise<End>;
  readonly phase: () => Promise<Phase | 'nothing left'>;
  /** Waits for the phase, and for `afterMs` more. False when the program ended before. */
  readonly reaches: (phase: Phase, afterMs: number) => Promise<boolean>;
  readonly kill: () => Promise<void>;
  readonly interrupt: () => void;
}

export interface End {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RotatorRequest {
  readonly words: string;
  readonly env: Readonly<Record<string, string>>;
  readonly graceSeconds: number;
}

/** The real program on one rotation of the pii keys, as fast as it can. */
export function startRotator(site: Site, { words, env, graceSeconds }: RotatorRequest): Rotator {
  const argv = `key rotate --type pii --grace ${graceSeconds}s --full-speed --progress json --format json ${words}`;
  const child = spawn(process.execPath, [BIN, ...argv.trim().split(/\s+/)], {
    cwd: '/',
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...site.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  const state: { end?: End } = {};
  const whenEnded = once(child, 'close').then(
    ([code]): End => (state.end = { code: (code as number) ?? undefined, ...text }),
  );
  const phase = async (): Promise<Phase | 'nothing left'> => phaseOf(site, text.stderr, graceSeconds);
  return {
    whenEnded,
    phase,
    reaches: async (wanted, afterMs) => {
      while (state.end === undefined) {
        // The tables tell of the run: this process has a part in it once it says so.
        const takesPart = wanted === 'before the flip' || text.stderr.includes('rotating pii to');
        if (takesPart && (await phase()) === wanted) {
          await sleep(afterMs);
          return state.end === undefined;
        }
        await sleep(5);
      }
      return false;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await whenEnded;
    },
    interrupt: () => void child.kill('SIGINT'),
  };
}

/**
 * The tables tell how far a dead program got; only where the sweep ends and the proof begins its own last words do. The
 * finish is one short transaction at the end of the proof: a named fault point is what hits it.
 */
async function phaseOf({ sql }: Site, stderr: string, graceSeconds: number): Promise<Phase | 'nothing left'> {
  const proving = stderr.includes('counting every encrypted value');
  const [run] = await sql<{ open: boolean; grace: boolean }[]>`
    select
      exists (select from key_rotation_chunks c where c.run_id = r.id and c.done_at is null) as open,
      clock_timestamp() < r.started_at + make_interval(secs => ${graceSeconds}) as grace
    from key_rotation_runs r
    where key_type = 'pii' and status = 'RUNNING'`;
  if (run === undefined) return proving ? 'nothing left' : 'before the flip';
  if (run.open) return 'chunks';
  if (proving) return 'proof';
  return run.grace ? 'grace' : 'sweep';
}
