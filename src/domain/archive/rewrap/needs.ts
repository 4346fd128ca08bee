import type { DatabaseKeys } from '../../encryption/database-keys.ts';
import type { ChainRun } from '../run/needs.ts';
import type { Renewal } from './renew-rows.ts';

/** What every step of a rewrap works with; one for a whole run, which holds the archive's lock. */
export interface RewrapRun extends ChainRun {
  readonly keys: DatabaseKeys;
  readonly batch: Renewal['batch'];
}

/** Places where a test may kill the program, in the order in which a manifest comes to them. */
export const REWRAP_POINTS = [
  'rewrap-planned',
  'rewrap-mid-write',
  'rewrap-written',
  'rewrap-read-back',
  'rewrap-signed',
  'rewrap-proven',
  'rewrap-removing',
  'rewrap-removed-file',
  'rewrap-removed',
] as const;

export function reach({ ctx }: Pick<RewrapRun, 'ctx'>, point: (typeof REWRAP_POINTS)[number]): void {
  ctx.reach(point);
}
