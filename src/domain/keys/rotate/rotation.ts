import type { Context } from '../../../context.ts';
import type { CipherBatch } from '../../../crypto/batch.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { Sample } from '../verify/verify.ts';
import type { Follower } from './follow.ts';
import type { OpenTransaction } from './grace-queries.ts';
import type { RotationPlan } from './plan.ts';
import type { Proof } from './proof.ts';
import type { BadValue, RunRow } from './run-queries.ts';
import type { Pace, RowWorkResult } from './types.ts';

export interface RotateRequest {
  readonly jobs: number;
  readonly pace: Pace;
  /** How long an application may go on using a cached ACTIVE key. */
  readonly graceMs: number;
  /** What the proof decrypts; undefined is everything. */
  readonly sample: Sample | undefined;
  readonly batch: CipherBatch;
}

/** How a rotation of one type ended. */
export type Ending =
  | 'finished'
  | 'tables done' // those asked for; others remain
  | 'nothing to do'
  | 'rows locked' // by sessions that outlasted the patience
  | 'transactions open' // since before the grace period ended
  | 'bad values' // that cannot be decrypted
  | 'not proven';

export interface TypeRotation {
  readonly plan: RotationPlan;
  readonly ending: Ending;
  readonly run: RunRow | undefined;
  /** Of this process. */
  readonly work: RowWorkResult;
  readonly bad: { readonly count: number; readonly values: readonly BadValue[] };
  readonly open: readonly OpenTransaction[];
  readonly proof: Proof | undefined;
  readonly retired: readonly string[];
}

/** What rotating needs of the world. */
export type RotationNeeds = Pick<Context, 'db' | 'keys' | 'clock' | 'signal' | 'reach'>;

/** One rotation while it goes on. */
export interface Rotating {
  readonly ctx: RotationNeeds;
  readonly session: Session;
  readonly plan: RotationPlan;
  readonly request: RotateRequest;
  readonly run: RunRow;
  readonly follower: Follower;
}

export const NO_WORK: RowWorkResult = {
  rows: 0,
  values: 0,
  chunks: 0,
  misses: 0,
  retries: 0,
  locked: { count: 0, rows: [] },
  interrupted: false,
};

export function added(one: RowWorkResult, other: RowWorkResult): RowWorkResult {
  return {
    rows: one.rows + other.rows,
    values: one.values + other.values,
    chunks: one.chunks + other.chunks,
    misses: one.misses + other.misses,
    retries: one.retries + other.retries,
    locked: other.locked,
    interrupted: one.interrupted || other.interrupted,
  };
}

export function ended(plan: RotationPlan, ending: Ending, run: RunRow | undefined, work: RowWorkResult): TypeRotation {
  return { plan, ending, run, work, bad: { count: 0, values: [] }, open: [], proof: undefined, retired: [] };
}

/** @throws OrdersyncError `interrupted`, and `partial` when the work stopped for somebody else's reason */
export function requireGoingOn({ ctx, plan, follower, run }: Rotating, work: RowWorkResult): RowWorkResult {
  ctx.signal.throwIfAborted();
  if (follower.status === 'RUNNING' && !work.interrupted) return work;
  const why =
    follower.status === 'RUNNING' ? 'stopped part way' : `was ${follower.status.toLowerCase()} by another process`;
  throw new OrdersyncError('partial', `the rotation to ${run.toKeyId} ${why}`, {
    hint: `ordersync key rotate --type ${plan.keyType} --resume goes on where it stopped`,
  });
}
