import { createHash } from 'node:crypto';
import type { Clock } from '../context.ts';
import { OrdersyncError } from '../errors.ts';
import { readHolder, tryAdvisoryLock, unlockAdvisory, type LockHolder } from './lock-queries.ts';
import type { Session } from './session.ts';

export type { LockHolder } from './lock-queries.ts';

/**
 * First key of every advisory lock of this program: "OSLK" in ASCII. The second is the first 31 bits of the name's SHA-256,
 * so that both are positive and stand in pg_locks (classid, objid, objsubid 2) as they are.
 */
export const LOCK_CLASS = 0x4f_53_4c_4b;

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

export interface LockNeeds {
  readonly session: Session;
  readonly clock: Clock;
  /** 0 ≤ x < 1; spreads the attempts of several waiters. */
  readonly random?: () => number;
}

export interface LockRequest {
  /** `migrate`, `archive audit_logs`: one name, one lock in each database. */
  readonly name: string;
  /** How long to wait while another session holds it; 0 asks once. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
  /** Called at most once, when waiting begins. */
  readonly onWait?: (holder: LockHolder | undefined) => void;
}

export interface HeldLock {
  readonly name: string;
  /** Gives it back. A lost session has given it back already. */
  release(): Promise<void>;
}

/**
 * Takes a session advisory lock by asking again and again. Never by pg_advisory_lock: a backend that waits inside it holds
 * a snapshot, and CREATE INDEX CONCURRENTLY of the holder waits for that snapshot: a deadlock.
 *
 * @throws OrdersyncError `lock_held` naming the holder, `interrupted` when the signal aborts, `precondition` behind a
 *   transaction pooler, where session locks belong to nobody in particular
 */
export async function acquireLock(
  { session, clock, random = Math.random }: LockNeeds,
  request: LockRequest,
): Promise<HeldLock> {
  const { name, waitMs = 0, signal, onWait } = request;
  if (session.server.pooled) throw pooledError();
  const deadline = clock.monotonicMs() + waitMs;
  for (let attempt = 0; ; attempt += 1) {
    signal?.throwIfAborted();
    if (await tryLock(session, name)) return heldLock(session, name);
    const leftMs = deadline - clock.monotonicMs();
    if (leftMs <= 0) throw await heldError(session, name);
    if (attempt === 0) onWait?.(await lockHolder(session, name));
    await clock.sleep(Math.min(pauseMs(attempt, random), leftMs), signal);
  }
}

/** Asks once. True when this session holds the lock now; one that holds it already gets it a second time. */
export async function tryLock(session: Session, name: string): Promise<boolean> {
  return tryAdvisoryLock(session.sql, lockKeys(name));
}

/** Who holds the lock; undefined when nobody does any more. */
export async function lockHolder(session: Session, name: string): Promise<LockHolder | undefined> {
  return readHolder(session.sql, lockKeys(name));
}

/** `pid 4711 (ordersync migrate up, deploy@10.0.0.7, idle in transaction for 00:12:03)` */
export function describeHolder({ pid, application, user, client, state, ageSeconds }: LockHolder): string {
  const doing = state === null ? [] : [ageSeconds === null ? state : `${state} for ${formatAge(ageSeconds)}`];
  const who = [application || 'unnamed', client === null ? user : `${user}@${client}`, ...doing];
  return `pid ${pid} (${who.join(', ')})`;
}

export function lockKeys(name: string): readonly [number, number] {
  return [LOCK_CLASS, createHash('sha256').update(name).digest().readUInt32BE(0) >>> 1];
}

function heldLock(session: Session, name: string): HeldLock {
  let released = false;
  return {
    name,
    release: async () => {
      if (released || session.lost) return;
      released = true;
      await unlockAdvisory(session.sql, lockKeys(name));
    },
  };
}

/** 50 ms, doubling to 1 s, each between a half and the whole of it. */
function pauseMs(attempt: number, random: () => number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt) * (0.5 + random() / 2);
}

async function heldError(session: Session, name: string): Promise<OrdersyncError> {
  const holder = await lockHolder(session, name);
  const by = holder === undefined ? 'another session' : describeHolder(holder);
  return new OrdersyncError('lock_held', `the lock "${name}" is held by ${by}`, {
    hint: 'wait until it is through, or let this command wait with --wait',
    ...(holder === undefined ? {} : { facts: { lock: name, held_by: holder } }),
  });
}

function pooledError(): OrdersyncError {
  return new OrdersyncError(
    'precondition',
    'a transaction pooler stands between, and a lock would not belong to this command alone',
    {
      hint: 'give a URL that leads to the server itself, not through PgBouncer in transaction mode',
    },
  );
}

/** hours:minutes:seconds */
function formatAge(seconds: number): string {
  return [seconds / 3600, (seconds / 60) % 60, seconds % 60]
    .map((part) => String(Math.floor(part)).padStart(2, '0'))
    .join(':');
}
