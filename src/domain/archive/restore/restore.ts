import type { Work } from '../../../context.ts';
import { describeServerError } from '../../../db/server-error.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ObjectStore } from '../../../store/store.ts';
import type { Changer } from '../../partitions/attempts.ts';
import type { Month } from '../../partitions/month.ts';
import { partitionName } from '../../partitions/month.ts';
import type { TableState } from '../../partitions/table.ts';
import { takePartitionLock } from '../../partitions/run-lock.ts';
import { paced } from '../paced.ts';
import { stoppedAfter } from '../stopped.ts';
import { takeArchiveLock } from '../run/lock.ts';
import { checkBytes } from '../verify/files.ts';
import type { Finding } from '../verify/finding.ts';
import type { RestoredTable, RestoreNeeds } from './aside.ts';
import { restoreAside } from './aside.ts';
import { attachRestored } from './attach.ts';
import { returnRows } from './dependants.ts';
import { contentOfTable } from './load.ts';
import type { Obstacle } from './obstacle.ts';
import { obstacleOf } from './obstacle.ts';
import type { RestorePlan, RestoreRequest } from './plan.ts';
import { asideName, dependantOf, planRestore } from './plan.ts';
import { finishRestored, markRestored } from './queries.ts';
import type { RestorableSource } from './sources.ts';

/** A table of the month that is back, and where. */
export interface RestoreOutcome extends Omit<RestoredTable, 'state'> {
  readonly state: RestoredTable['state'] | 'attached';
  /** Why it is not where it came from, when it was to go there. */
  readonly reason: string | undefined;
}

type Needs = RestoreNeeds & {
  /** Told what is back for good, as it comes. */
  readonly finished: (what: string) => void;
};

export interface Restored {
  readonly plan: RestorePlan;
  readonly tables: readonly RestoreOutcome[];
}

/**
 * Brings an archived month back. Planned again under the locks of the archive and of partitions; the digests of its files are
 * checked before the first row is loaded, and PostgreSQL's own root of each table before it is said to be back. Stopped
 * anywhere, run it again.
 */
export async function* restoreMonth(
  changer: Changer,
  needs: Pick<RestoreNeeds, 'reach'>,
  request: RestoreRequest,
  waitMs: number,
): Work<Restored> {
  const { ctx, session } = changer;
  const done: string[] = [];
  const archiveLock = yield* takeArchiveLock(ctx, session, waitMs);
  try {
    const partitionLock = yield* takePartitionLock(ctx, session, waitMs);
    try {
      const plan = yield* planRestore(ctx, session, request);
      yield* checkDigests({ ...ctx, store: request.store }, plan);
      const finished = (what: string): void => void done.push(what);
      const all = { ...ctx, ...needs, session, store: request.store, finished };
      const tables = plan.parent === undefined ? yield* allAside(all, plan) : yield* allBack(changer, all, plan);
      return { plan, tables };
    } finally {
      await partitionLock.release();
    }
  } catch (error) {
    throw stoppedRestore(error, request, done);
  } finally {
    await archiveLock.release();
    await changer.watcher.close();
  }
}

/** What was back when Ctrl-C, or a connection that was lost, ended it. */
function stoppedRestore(error: unknown, { table, month }: RestoreRequest, done: readonly string[]): unknown {
  return stoppedAfter(describeServerError(error) ?? error, {
    said: done.length === 0 ? 'nothing was restored' : `the restoration of ${table} ${month} is not finished`,
    kept: done.length > 0,
    body: done,
    hint: 'the same command goes on: what is back is proven once more and kept',
  });
}

/** @throws OrdersyncError `unhealthy` naming each file that is not what its manifest says */
async function* checkDigests(
  ctx: Changer['ctx'] & { readonly store: ObjectStore },
  { sources }: RestorePlan,
): Work<void> {
  const parts = sources.flatMap((source) => source.parts);
  const total = parts.reduce((sum, part) => sum + part.source.files.reduce((bytes, file) => bytes + file.bytes, 0), 0);
  const findings = yield* paced(
    ctx,
    async (advance) => {
      const found: Finding[] = [];
      for (const { sequence, source } of parts) {
        for (const file of source.files) found.push(...(await checkBytes({ ...ctx, advance }, sequence, file)));
      }
      return found;
    },
    (done) => ({ kind: 'progress', label: 'checked', done, total, unit: 'bytes' }),
  );
  if (findings.length === 0) return;
  throw new OrdersyncError('unhealthy', 'files of the archive are not what their manifests say', {
    body: findings.map(({ place, message }) => `${place}: ${message}`),
    hint: 'nothing was restored; ordersync archive verify looks at all of the archive',
    facts: { findings: findings.map(({ fault, place, sequence }) => ({ fault, place, manifest: sequence })) },
  });
}

async function* allAside(needs: Needs, plan: RestorePlan, reason?: string): Work<RestoreOutcome[]> {
  const tables: RestoreOutcome[] = [];
  for (const source of plan.sources) tables.push({ ...(yield* aside(needs, plan, source)), reason });
  await rememberAside(needs, plan, tables[0]?.name);
  return tables;
}

async function* aside(needs: Needs, plan: RestorePlan, source: RestorableSource): Work<RestoredTable> {
  const name = asideName(plan, source);
  const restored = yield* restoreAside(needs, { source, month: plan.request.month, name, parent: undefined });
  needs.finished(`${source.table}: back and proven in ${name.name}`);
  return restored;
}

async function rememberAside({ session }: RestoreNeeds, { request, attached }: RestorePlan, to: string | undefined) {
  if (to === undefined || attached) return;
  await markRestored(session.sql, { table: request.table, month: request.month, to, attached: false });
}

/** The month first, for its dependants refer to it. What cannot go back goes into a table of its own. */
async function* allBack(changer: Changer, needs: Needs, plan: RestorePlan): Work<RestoreOutcome[]> {
  const [own, ...dependants] = plan.sources;
  if (own === undefined || plan.parent === undefined) throw new TypeError('a month has rows and a table of its own');
  const month = yield* monthBack(changer, needs, { ...plan, parent: plan.parent }, own);
  if ('obstacle' in month) return yield* allAside(needs, plan, month.obstacle);
  const tables: RestoreOutcome[] = [month];
  for (const source of dependants) tables.push(yield* dependantBack(needs, plan, source));
  await finishRestored(needs.session.sql, plan.request);
  return tables;
}

async function* monthBack(
  changer: Changer,
  needs: Needs,
  plan: RestorePlan & { readonly parent: TableState },
  source: RestorableSource,
): Work<RestoreOutcome | { readonly obstacle: string }> {
  const { parent, obstacle, request } = plan;
  const { month } = request;
  if (plan.attached) return attachedBefore(needs, parent, month, source);
  if (obstacle !== undefined) return { obstacle };
  const name = asideName(plan, source);
  let restored: RestoredTable;
  try {
    restored = yield* restoreAside(needs, { source, month, name, parent });
    needs.finished(`${source.table}: loaded and proven in ${name.name}`);
  } catch (error) {
    return { obstacle: obstacleOf(error).reason };
  }
  const partition = yield* attachRestored(changer, { table: parent, month, name });
  if (typeof partition !== 'string') return { obstacle: partition.reason };
  needs.finished(`${source.table}: attached as ${partition}`);
  needs.reach('restore-attached');
  return { ...restored, name: partition, state: 'attached', reason: undefined };
}

/** Its rows may have changed since, by a rotation of keys for one: what they are now is told, and not compared. */
async function attachedBefore(
  needs: RestoreNeeds,
  parent: TableState,
  month: Month,
  { table, parts: [part] }: RestorableSource,
): Promise<RestoreOutcome> {
  if (part === undefined) throw new TypeError('a source has a part');
  const name = partitionName(parent.name, month);
  const partition = { schema: parent.schema, name };
  const { rows, root } = await inTransaction(needs.session, async () => contentOfTable(needs, partition, part.source));
  return { table, name, rows, root, state: 'there', reason: undefined };
}

async function* dependantBack(needs: Needs, plan: RestorePlan, source: RestorableSource): Work<RestoreOutcome> {
  const dependant = dependantOf(plan, source);
  const back: RestoredTable | Obstacle =
    dependant === undefined
      ? { reason: 'this version does not know how it belongs to the month' }
      : yield* returnRows(needs, { source, dependant, month: plan.request.month });
  if (!('reason' in back)) {
    needs.finished(`${source.table}: back and proven in its place`);
    return { ...back, reason: undefined };
  }
  return { ...(yield* aside(needs, plan, source)), reason: back.reason };
}
