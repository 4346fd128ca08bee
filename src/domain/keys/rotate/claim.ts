import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../context.ts';
import { LOCK_CLASS, lockKeys } from '../../../db/lock.ts';
import { tryAdvisoryLock, unlockAdvisory } from '../../../db/lock-queries.ts';
import type { Session } from '../../../db/session.ts';
import type { ChunkCounts, ChunkRow } from './chunk-queries.ts';
import { finishChunk, isOpen, leaseChunk, readOpenChunks, renewLeases, returnChunk } from './chunk-queries.ts';

/** The chunks that this process works on. */
export interface Claims {
  /** The next chunk; waits while others hold all that is open, and takes over what they leave. Undefined when none is open. */
  next(): Promise<ChunkRow | undefined>;
  finish(chunk: ChunkRow, counts: ChunkCounts): Promise<void>;
  /** Gives a chunk back unfinished. */
  abandon(chunk: ChunkRow, counts: ChunkCounts): Promise<void>;
  /** To be called now and then: keeps claims that would run out. */
  keep(): Promise<void>;
}

export interface ClaimNeeds {
  readonly control: Session;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called when waiting for other processes begins. */
  readonly onWait: () => void;
}

export interface ClaimRequest {
  readonly run: string;
  readonly tables: readonly string[];
}

const WAIT_MS = 300;
/** More than there are workers on one run, so that one list is enough to find a free one. */
const LIST_LENGTH = 200;
const LEASE_MS = 60_000;

/**
 * Claims by session advisory locks: they end with the connection, whatever ends that, and hold no transaction open, which
 * would keep old row versions from being pruned. Behind a transaction pooler, where a session lock belongs to nobody, by
 * leases on the server's clock; a lease that runs out too early costs double work and nothing else, because every write is
 * a compare-and-set.
 */
export function createClaims(needs: ClaimNeeds, request: ClaimRequest): Claims {
  return needs.control.server.pooled ? leaseClaims(needs, request) : lockClaims(needs, request);
}

function lockClaims({ control, clock, signal, onWait }: ClaimNeeds, { run, tables }: ClaimRequest): Claims {
  const claimed = new Set<number>();
  const [, runKey] = lockKeys(`key rotate ${run}`);
  // Within a run no two chunks share a lock.
  const keysOf = (chunk: number) => [LOCK_CLASS, (runKey + chunk) % 0x8000_0000] as const;
  const release = async ({ chunk }: ChunkRow): Promise<void> => {
    await unlockAdvisory(control.sql, keysOf(chunk));
    claimed.delete(chunk);
  };
  const claim = async (row: ChunkRow): Promise<boolean> => {
    // Another job of this process may have taken it meanwhile; a session gets its own lock a second time.
    if (claimed.has(row.chunk)) return false;
    claimed.add(row.chunk);
    if (await tryAdvisoryLock(control.sql, keysOf(row.chunk))) {
      if (await isOpen(control, run, row.chunk)) return true;
      await release(row);
    } else claimed.delete(row.chunk);
    return false;
  };
  return {
    next: async () => {
      for (let attempt = 0; !signal.aborted; attempt += 1) {
        const open = await readOpenChunks(control, { run, tables, except: [...claimed], limit: LIST_LENGTH });
        if (open.length === 0) return undefined;
        for (const row of open) if (await claim(row)) return row;
        if (attempt === 1) onWait();
        await clock.sleep(WAIT_MS, signal);
      }
      return undefined;
    },
    finish: async (row, counts) => {
      await finishChunk(control, { run, chunk: row.chunk, counts });
      await release(row);
    },
    abandon: async (row, counts) => {
      await returnChunk(control, { run, chunk: row.chunk, counts });
      await release(row);
    },
    keep: async () => undefined,
  };
}

function leaseClaims({ control, clock, signal, onWait }: ClaimNeeds, { run, tables }: ClaimRequest): Claims {
  const holder = randomUUID();
  const claimed = new Set<number>();
  let renewAt = clock.monotonicMs() + LEASE_MS / 4;
  return {
    next: async () => {
      for (let attempt = 0; !signal.aborted; attempt += 1) {
        const row = await leaseChunk(control, { run, tables, holder, leaseMs: LEASE_MS });
        if (row !== undefined) {
          claimed.add(row.chunk);
          return row;
        }
        const open = await readOpenChunks(control, { run, tables, except: [...claimed], limit: 1 });
        if (open.length === 0) return undefined;
        if (attempt === 1) onWait();
        await clock.sleep(WAIT_MS, signal);
      }
      return undefined;
    },
    finish: async ({ chunk }, counts) => {
      await finishChunk(control, { run, chunk, counts });
      claimed.delete(chunk);
    },
    abandon: async ({ chunk }, counts) => {
      await returnChunk(control, { run, chunk, counts });
      claimed.delete(chunk);
    },
    keep: async () => {
      if (claimed.size === 0 || clock.monotonicMs() < renewAt) return;
      renewAt = clock.monotonicMs() + LEASE_MS / 4;
      await renewLeases(control, { run, holder, leaseMs: LEASE_MS });
    },
  };
}
