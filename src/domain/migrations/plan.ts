import { OrdersyncError } from '../../errors.ts';
import type { Migration } from './file/migration.ts';
import { compareVersions } from './file/name.ts';
import type { History } from './ledger.ts';
import type { MigrationState } from './states.ts';
import { statesOf } from './states.ts';

export interface UpRequest {
  /** Last version to apply; undefined for all. */
  readonly to?: string | undefined;
  /** At most so many files. */
  readonly count?: number | undefined;
  readonly allowOutOfOrder?: boolean | undefined;
}

export interface DownRequest {
  /** Version that stays the newest applied. */
  readonly to?: string | undefined;
  readonly count?: number | undefined;
  readonly all?: boolean | undefined;
}

export interface PlannedFile {
  readonly migration: Migration;
  readonly direction: 'up' | 'down';
  /** The version as the ledger spells it, or will. */
  readonly version: string;
}

/**
 * Which files `up` runs, oldest first. Pure: decides over what was read.
 * @throws OrdersyncError checksum_mismatch when an applied file changed or is gone; precondition for files out of order
 * or a half-done roll-back; usage for an unknown version
 */
export function planUp(migrations: readonly Migration[], history: History, request: UpRequest): PlannedFile[] {
  const states = statesOf(migrations, history);
  refuseChanged(states);
  refusePartial(states, 'down');
  if (request.to !== undefined) requireKnown(states, request.to);
  const wanted = states
    .filter((state) => state.row === undefined && !isBeyond(state.version, request.to))
    .slice(0, request.count);
  const late = wanted.filter((state) => state.state === 'out-of-order');
  if (late.length > 0 && request.allowOutOfOrder !== true) throw outOfOrder(late);
  return wanted.flatMap(({ migration, version }) =>
    migration === undefined ? [] : [{ migration, direction: 'up' as const, version }],
  );
}

/**
 * Which files `down` runs, newest first; one step unless told otherwise. Every file's down script is there, checked
 * before the first runs. Pure.
 * @throws OrdersyncError as planUp, and precondition for a file that has no down script
 */
export function planDown(migrations: readonly Migration[], history: History, request: DownRequest): PlannedFile[] {
  const states = statesOf(migrations, history);
  refusePartial(states, 'up');
  const chosen = chooseDown(states, request);
  refuseChanged(chosen);
  const without = chosen.filter(
    ({ migration }) => migration === undefined || (migration.kind === 'sql' && migration.down === undefined),
  );
  if (without.length > 0) {
    throw new OrdersyncError('precondition', `no down script for ${listOf(without)}`, {
      hint: 'write the .down.sql file, then record the pair with: ordersync migrate repair <version>',
      facts: { versions: without.map((state) => state.version) },
    });
  }
  return chosen.flatMap(({ migration, row }) =>
    migration === undefined || row === undefined
      ? []
      : [{ migration, direction: 'down' as const, version: row.version }],
  );
}

function chooseDown(states: readonly MigrationState[], { to, count, all }: DownRequest): MigrationState[] {
  if ([to !== undefined, count !== undefined, all === true].filter(Boolean).length > 1) {
    throw new OrdersyncError('usage', '--to, --count and --all exclude each other', { hint: 'give one of them' });
  }
  const applied = states.filter((state) => state.row !== undefined).toReversed();
  if (all === true) return applied;
  if (to === undefined) return applied.slice(0, count ?? 1);
  if (!applied.some((state) => compareVersions(state.version, to) === 0)) {
    throw new OrdersyncError('usage', `version ${to} is not applied`, {
      hint: 'name an applied version, which stays; --all rolls back everything; see: ordersync migrate status',
    });
  }
  return applied.filter((state) => isBeyond(state.version, to));
}

/**
 * The plan again, under the run lock. What another runner applied meanwhile with the same content is simply left out;
 * anything else that differs makes the plan stale.
 * @throws OrdersyncError precondition when the database moved away from the plan
 */
export function confirmUp(
  plan: readonly PlannedFile[],
  migrations: readonly Migration[],
  history: History,
): PlannedFile[] {
  const last = plan.at(-1)?.version;
  if (last === undefined) return [];
  const fresh = planUp(migrations, history, { to: last, allowOutOfOrder: true });
  const surprise = fresh.filter((file) => !plan.some((planned) => planned.version === file.version));
  if (surprise.length > 0) throw stale(`${surprise.map((file) => file.version).join(', ')} became pending meanwhile`);
  return fresh;
}

/** @throws OrdersyncError precondition when another run changed what is applied since the plan was shown */
export function confirmDown(
  plan: readonly PlannedFile[],
  migrations: readonly Migration[],
  history: History,
): PlannedFile[] {
  const fresh = planDown(migrations, history, { count: plan.length });
  const same = fresh.length === plan.length && fresh.every((file, index) => file.version === plan[index]?.version);
  if (!same) throw stale('another run changed what is applied');
  return fresh;
}

function stale(why: string): OrdersyncError {
  return new OrdersyncError('precondition', `the plan went stale: ${why}`, {
    hint: 'run the command again to plan anew',
  });
}

function refuseChanged(states: readonly MigrationState[]): void {
  const changed = states.filter((state) => state.state === 'changed' || state.state === 'missing');
  if (changed.length === 0) return;
  throw new OrdersyncError('checksum_mismatch', `applied migrations no longer match their files: ${listOf(changed)}`, {
    hint: 'restore the files; if the change is meant, accept it with: ordersync migrate repair <version>',
    body: changed.map((state) => `${state.version} ${state.description}: ${state.note ?? state.state}`),
    facts: { versions: changed.map((state) => state.version) },
  });
}

function refusePartial(states: readonly MigrationState[], direction: 'up' | 'down'): void {
  const half = states.find((state) => state.state === 'partial' && (state.row === undefined) === (direction === 'up'));
  if (half === undefined) return;
  throw new OrdersyncError(
    'precondition',
    `${half.version} ${half.description} is half ${direction === 'up' ? 'applied' : 'rolled back'}`,
    {
      hint: `finish it with: ordersync migrate ${direction}; or, after putting things right by hand, forget it with: ordersync migrate repair ${half.version}`,
      body: half.note === undefined ? [] : [half.note],
    },
  );
}

function outOfOrder(late: readonly MigrationState[]): OrdersyncError {
  return new OrdersyncError('precondition', `out of order: ${listOf(late)}`, {
    hint: 'give them a newer number, or run with --allow-out-of-order',
    body: late.map((state) => `${state.version} ${state.description}: ${state.note ?? ''}`),
    facts: { versions: late.map((state) => state.version) },
  });
}

function requireKnown(states: readonly MigrationState[], version: string): void {
  if (states.some((state) => compareVersions(state.version, version) === 0)) return;
  const newest = states.at(-1)?.version;
  throw new OrdersyncError('usage', `no migration has version ${version}`, {
    hint:
      newest === undefined ? 'the folder has no migrations' : `the newest is ${newest}; see: ordersync migrate status`,
  });
}

function isBeyond(version: string, limit: string | undefined): boolean {
  return limit !== undefined && compareVersions(version, limit) > 0;
}

function listOf(states: readonly MigrationState[]): string {
  return states.map((state) => state.version).join(', ');
}
