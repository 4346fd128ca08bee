import type { Context, Work } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import type { OpenTransaction } from './grace-queries.ts';
import { readOpenTransactions, readPreparedTransactions } from './grace-queries.ts';
import { readRunAge } from './run-queries.ts';

type Needs = Pick<Context, 'clock' | 'signal'>;

/** How often somebody who watches hears that it is still waiting. */
const TOLD_EVERY_MS = 30_000;
const ASKED_EVERY_MS = 250;
/** Who has a transaction open for longer than this is not waited for: the command ends, and is run again. */
const PATIENCE_MS = 300_000;

/**
 * Waits until applications that keep the ACTIVE key in memory have forgotten the old one, counted from the moment the new
 * one became ACTIVE, by the clock of the server. Returns early when the signal aborts.
 */
export async function* waitOutGrace(
  { clock, signal }: Needs,
  { sql }: Session,
  { runId, graceMs }: { readonly runId: string; readonly graceMs: number },
): Work<void> {
  while (!signal.aborted) {
    const run = await readRunAge(sql, runId);
    const leftMs = graceMs - (run?.ageMs ?? graceMs);
    if (leftMs <= 0) return;
    const message = `waiting for applications to forget the old key: ${Math.ceil(leftMs / 1000)} s of grace left`;
    yield { kind: 'phase', message };
    await clock.sleep(Math.min(leftMs, TOLD_EVERY_MS), signal);
  }
}

/**
 * Waits until these transactions have ended, and every prepared one that one of them may have become: each may hold a
 * value that it encrypted under the old key and has not written, or not committed.
 * @param open those that were open when the grace period ended; later ones take the new key
 * @returns those that outlast the patience; none when all have ended
 */
export async function* waitForTransactions(
  { clock, signal }: Needs,
  { sql }: Session,
  { open, patienceMs = PATIENCE_MS }: { readonly open: readonly OpenTransaction[]; readonly patienceMs?: number },
): Work<readonly OpenTransaction[]> {
  const needs = { clock, signal, deadline: clock.monotonicMs() + patienceMs };
  const left = yield* waitForEach(needs, open, async () => readOpenTransactions(sql));
  if (left.length > 0 || signal.aborted) return left;
  const prepared = await readPreparedTransactions(sql);
  return yield* waitForEach(needs, prepared, async () => readPreparedTransactions(sql));
}

async function* waitForEach(
  { clock, signal, deadline }: Needs & { readonly deadline: number },
  first: readonly OpenTransaction[],
  read: () => Promise<readonly OpenTransaction[]>,
): Work<readonly OpenTransaction[]> {
  let waiting = first;
  let told: number | undefined;
  for (;;) {
    const open = new Set(waiting.length === 0 ? [] : (await read()).map(({ name }) => name));
    waiting = waiting.filter(({ name }) => open.has(name));
    if (waiting.length === 0 || signal.aborted || clock.monotonicMs() >= deadline) return waiting;
    if (told !== waiting.length) {
      told = waiting.length;
      yield { kind: 'phase', message: `waiting for ${describeWaiting(waiting)}` };
    }
    await clock.sleep(ASKED_EVERY_MS, signal);
  }
}

/** `pid 4711 (psql, alice)`, `prepared transaction "x" (alice)` */
export function describeTransaction({ name, pid, application, user }: OpenTransaction): string {
  const who = [application, user].filter(Boolean).join(', ');
  return `${pid === null ? `prepared transaction "${name}"` : `pid ${pid}`}${who === '' ? '' : ` (${who})`}`;
}

function describeWaiting(waiting: readonly OpenTransaction[]): string {
  const [first] = waiting;
  const others = waiting.length - 1;
  if (first === undefined) return 'nobody';
  return `the transaction of ${describeTransaction(first)}${others === 0 ? '' : ` and ${others} more`} to end`;
}
