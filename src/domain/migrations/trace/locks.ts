/** Table locks as pg_locks spells them, weakest first (PostgreSQL manual, 13.3.1). */
export const LOCK_MODES = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
] as const;

export type LockMode = (typeof LOCK_MODES)[number];

/** Whom a lock keeps waiting among ordinary statements. */
export type Blocks = 'nothing' | 'writes' | 'reads and writes';

export function blocksOf(mode: LockMode): Blocks {
  if (mode === 'AccessExclusiveLock') return 'reads and writes';
  return strengthOf(mode) >= strengthOf('ShareLock') ? 'writes' : 'nothing';
}

export function strengthOf(mode: LockMode): number {
  return LOCK_MODES.indexOf(mode);
}

export function isLockMode(text: string): text is LockMode {
  return LOCK_MODES.some((mode) => mode === text);
}

/** AccessExclusiveLock → ACCESS EXCLUSIVE, as the manual and LOCK TABLE write it. */
export function sqlNameOf(mode: LockMode): string {
  return mode
    .replace(/Lock$/, '')
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toUpperCase();
}
