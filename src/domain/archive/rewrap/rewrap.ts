import type { Context, Work } from '../../../context.ts';
import { createCipherBatch } from '../../../crypto/cipher-batch.ts';
import { createNonceSource } from '../../../crypto/nonce.ts';
import { describeServerError } from '../../../db/server-error.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ObjectStore } from '../../../store/store.ts';
import { loadDatabaseKeys } from '../../encryption/database-keys.ts';
import { ARCHIVED_TABLE_NAMES } from '../plan/tables.ts';
import type { KeptFile } from '../removal.ts';
import { stoppedAfter } from '../stopped.ts';
import { readJournal } from '../run/journal-queries.ts';
import { takeArchiveLock } from '../run/lock.ts';
import type { ChainRun } from '../run/needs.ts';
import { openChain } from '../run/open-chain.ts';
import { setRewrapProblem } from './journal-queries.ts';
import type { RewrapRun } from './needs.ts';
import { rewrapManifest } from './rewrap-manifest.ts';
import type { OldManifest, PlannedManifest, RewrapRequest, StayingManifest } from './plan.ts';
import { busyMonths, planRewrap } from './plan.ts';
import type { RemovedFiles } from './remove.ts';
import { removeOld } from './remove.ts';

/** What became of one manifest. */
export interface RewrapOutcome {
  readonly planned: PlannedManifest;
  /** `rewrapped`: another one stands for it. `removed`: and its own files are gone. */
  readonly state: 'rewrapped' | 'removed' | 'failed';
  /** The manifest that stands for it. */
  readonly successor: number | undefined;
  readonly removed: RemovedFiles | undefined;
  readonly problem: OrdersyncError | undefined;
}

export interface Rewrapped {
  readonly outcomes: readonly RewrapOutcome[];
  readonly stays: readonly StayingManifest[];
  /** Superseded manifests whose files are kept. */
  readonly old: readonly OldManifest[];
  /** Files of rewraps that were broken off, which the store does not let go; part of no archive. */
  readonly kept: readonly KeptFile[];
}

/** What of a failure belongs to one manifest, so that the others go on. */
const OF_ONE_MANIFEST: ReadonlySet<string> = new Set(['unhealthy', 'decrypt_failed', 'precondition']);

/**
 * Moves archived values to the active keys, manifest by manifest, under the archive's lock; with `removeOld` what is superseded
 * then loses its files, once the new ones are proven again.
 * @throws OrdersyncError what concerns all of it: `lock_held`, a lost connection, a store that fails
 */
export async function* runRewrap(
  ctx: ChainRun['ctx'] & Pick<Context, 'keys'>,
  { session, store }: { readonly session: Session; readonly store: ObjectStore },
  request: RewrapRequest & { readonly waitMs: number; readonly tool: string },
): Work<Rewrapped> {
  const lock = yield* takeArchiveLock(ctx, session, request.waitMs);
  const outcomes: RewrapOutcome[] = [];
  try {
    const chain = yield* openChain(ctx, { session, store }, request.tool);
    const keys = await loadDatabaseKeys(session.sql, async () => ctx.keys());
    const fallbacks: string[] = [];
    const onFallback = (reason: string): void => void fallbacks.push(reason);
    const batch = createCipherBatch({ nonces: createNonceSource(), choice: 'auto', onFallback });
    const run = { ...chain, keys, batch };
    const { rewraps, stays } = await planRewrap(session, keys, request);
    for (const planned of rewraps)
      outcomes.push(
        yield* attempt(run, planned, async function* () {
          return { state: 'rewrapped', successor: yield* rewrapManifest(run, planned), removed: undefined };
        }),
      );
    for (const reason of fallbacks) yield { kind: 'note', message: `values are encrypted one by one: ${reason}` };
    const kept = await planRewrap(session, keys, request);
    if (!request.removeOld) return { outcomes, stays, old: kept.old, kept: run.kept };
    yield* removeAll(run, kept.old, outcomes);
    const left = await planRewrap(session, keys, request);
    return { outcomes, stays, old: left.old, kept: run.kept };
  } catch (error) {
    throw stoppedRewrap(error, outcomes);
  } finally {
    await lock.release();
  }
}

/** What was done when Ctrl-C, or a connection that was lost, ended it. */
function stoppedRewrap(error: unknown, outcomes: readonly RewrapOutcome[]): unknown {
  const count = (state: RewrapOutcome['state']) => outcomes.filter((outcome) => outcome.state === state).length;
  const done = `manifests rewrapped: ${count('rewrapped')}, rid of their old files: ${count('removed')}`;
  return stoppedAfter(describeServerError(error) ?? error, {
    said: done,
    kept: count('rewrapped') + count('removed') > 0,
    body: outcomes.flatMap(({ planned: { sequence, table, month }, problem }) =>
      problem === undefined ? [] : [`manifest ${sequence} (${table} ${month}): ${problem.message}`],
    ),
    hint: 'what was finished stays, and the same command goes on',
  });
}

async function* removeAll(run: RewrapRun, old: readonly OldManifest[], outcomes: RewrapOutcome[]): Work<void> {
  const busy = busyMonths(await readJournal(run.session.sql, ARCHIVED_TABLE_NAMES));
  for (const manifest of old) {
    outcomes.push(
      yield* attempt(run, manifest, async function* () {
        const why = busy.get(`${manifest.table} ${manifest.month}`);
        if (why !== undefined) throw new OrdersyncError('precondition', `its files stay: ${why}`);
        return { state: 'removed', successor: manifest.successor, removed: yield* removeOld(run, manifest) };
      }),
    );
  }
}

async function* attempt(
  { ctx, session }: RewrapRun,
  planned: PlannedManifest,
  work: () => Work<Pick<RewrapOutcome, 'state' | 'successor' | 'removed'>>,
): Work<RewrapOutcome> {
  ctx.signal.throwIfAborted();
  try {
    return { planned, problem: undefined, ...(yield* work()) };
  } catch (error) {
    ctx.signal.throwIfAborted();
    const described = describeServerError(error) ?? error;
    if (!(described instanceof OrdersyncError) || !OF_ONE_MANIFEST.has(described.code)) throw described;
    await setRewrapProblem(session.sql, planned.sequence, described.message);
    return { planned, state: 'failed', successor: undefined, removed: undefined, problem: described };
  }
}
