import type { Context } from '../../../context.ts';
import type { RunRow } from './run-queries.ts';
import { readRunAge } from './run-queries.ts';
import { FOLLOWER } from './status-queries.ts';

/** Follows what becomes of a run while this process works on it. */
export interface Follower {
  /** Aborts when the command is interrupted, and when another process aborts or finishes the run. */
  readonly signal: AbortSignal;
  /** The status when it was last looked at. */
  readonly status: RunRow['status'];
  stop(): Promise<void>;
}

const LOOKED_EVERY_MS = 1000;

export async function followRun(ctx: Pick<Context, 'db' | 'clock' | 'signal'>, runId: string): Promise<Follower> {
  const session = await ctx.db.open({ purpose: FOLLOWER });
  const ended = new AbortController();
  const stopped = new AbortController();
  const signal = AbortSignal.any([ctx.signal, ended.signal]);
  let status: RunRow['status'] = 'RUNNING';
  const follow = async (): Promise<void> => {
    const until = AbortSignal.any([signal, stopped.signal]);
    while (!until.aborted) {
      status = (await readRunAge(session.sql, runId))?.status ?? 'ABORTED';
      if (status !== 'RUNNING') ended.abort();
      else await ctx.clock.sleep(LOOKED_EVERY_MS, until);
    }
  };
  // A lost session ends the work too: without it nobody would hear of an abort. The error is told by `stop`.
  const following = follow().catch((error: unknown) => {
    ended.abort();
    throw error;
  });
  const settled = Promise.allSettled([following]);
  return {
    signal,
    get status() {
      return status;
    },
    stop: async () => {
      stopped.abort();
      const [outcome] = await settled;
      await session.close();
      if (outcome.status === 'rejected') throw outcome.reason;
    },
  };
}
