import type { DatabaseKeys } from '../../encryption/database-keys.ts';
import type { ChainRun } from '../run/needs.ts';
import type { Renewal } from './renew-rows.ts';

/** What every step of a rewrap works with; one for a whole run, which holds the archive's lock. */
export interface RewrapRun extends ChainRun {
  readonly keys: DatabaseKeys;
  readonly batch: Renewal['batch'];
}
