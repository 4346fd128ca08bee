import { isLockMode, strengthOf } from './locks.ts';
import type { LockMode } from './locks.ts';
import type { RelationState } from './queries.ts';

/** What one statement did to one table that was there before the pending files. */
export interface TableEffect {
  readonly table: string;
  /** The strongest lock that the statement added on the table or a partition of it; undefined for none. */
  readonly lock: LockMode | undefined;
  readonly rewritten: boolean;
  readonly indexesRebuilt: boolean;
  readonly scanned: boolean;
}

/** OID → table, of what existed before the first pending file: only these have rows and users. */
export type Origin = ReadonlyMap<string, string>;

export function originOf(states: readonly RelationState[]): Origin {
  return new Map(states.map(({ oid, table }) => [oid, table]));
}

/** What changed between two looks, by table as it was called at the beginning; tables without a change are left out. */
export function effectsBetween(
  origin: Origin,
  before: readonly RelationState[],
  after: readonly RelationState[],
): TableEffect[] {
  const earlier = new Map(before.map((state) => [state.oid, state]));
  const effects = new Map<string, TableEffect>();
  for (const state of after) {
    const table = origin.get(state.oid);
    const old = earlier.get(state.oid);
    if (table === undefined || old === undefined) continue;
    const effect = effectOn(table, old, state);
    const known = effects.get(table);
    effects.set(table, known === undefined ? effect : merged(known, effect));
  }
  return [...effects.values()].filter(
    ({ lock, rewritten, indexesRebuilt, scanned }) => lock !== undefined || rewritten || indexesRebuilt || scanned,
  );
}

function effectOn(table: string, old: RelationState, now: RelationState): TableEffect {
  const moved = old.filenode !== now.filenode;
  return {
    table,
    lock: now.isIndex ? undefined : strongestNew(old.locks, now.locks),
    rewritten: moved && !now.isIndex,
    indexesRebuilt: moved && now.isIndex,
    scanned: now.scans > old.scans,
  };
}

/** The strongest mode of `now`, when `old` does not have one as strong. */
function strongestNew(old: string, now: string): LockMode | undefined {
  const held = strongest(old);
  const mode = strongest(now);
  if (mode === undefined || (held !== undefined && strengthOf(held) >= strengthOf(mode))) return undefined;
  return mode;
}

function strongest(modes: string): LockMode | undefined {
  return modes
    .split(',')
    .filter(isLockMode)
    .toSorted((left, right) => strengthOf(right) - strengthOf(left))[0];
}

function merged(left: TableEffect, right: TableEffect): TableEffect {
  return {
    table: left.table,
    lock: strongest([left.lock, right.lock].join(',')),
    rewritten: left.rewritten || right.rewritten,
    indexesRebuilt: left.indexesRebuilt || right.indexesRebuilt,
    scanned: left.scanned || right.scanned,
  };
}
