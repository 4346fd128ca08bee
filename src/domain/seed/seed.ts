import type { Context, Work } from '../../context.ts';
import { acquireLock } from '../../db/lock.ts';
import { describeServerError } from '../../db/server-error.ts';
import type { Session } from '../../db/session.ts';
import { simpleText } from '../../db/text.ts';
import { setLocal } from '../../db/transaction.ts';
import { OrdersyncError } from '../../errors.ts';
import { loadDatabaseKeys } from '../encryption/database-keys.ts';
import { openSeedKeys } from './keys.ts';
import type { SeedKeys } from './keys.ts';
import type { LoadedTable } from './load.ts';
import { loadTables } from './load.ts';
import { createMonths } from './months.ts';
import type { SeedPlan } from './plan.ts';
import { requireEmpty } from './plan.ts';
import { disableAuditTriggers, enableAuditTriggers, readTableBytes, refreshPaymentState } from './queries.ts';
import { verifySeed } from './verify.ts';

export interface SeededTable extends LoadedTable {
  /** With indexes and partitions. */
  readonly bytes: bigint;
}

export interface SeedResult {
  readonly plan: SeedPlan;
  readonly tables: readonly SeededTable[];
  readonly createdMonths: number;
  /** Values that were decrypted again, as a sample. */
  readonly decrypted: number;
}

type SeedContext = Pick<Context, 'db' | 'clock' | 'signal' | 'keys'>;

/**
 * Loads what the plan says, in one transaction that is verified before it commits. So an interrupt, a lost connection, a
 * full disk or a killed process leaves nothing behind but empty months.
 * @throws OrdersyncError `lock_held` while another seed runs, `precondition` when rows came in meanwhile, `unhealthy` when
 *   what was loaded is not what was planned, `interrupted`
 */
export async function* runSeed(ctx: SeedContext, plan: SeedPlan): Work<SeedResult> {
  const session = await ctx.db.session();
  const lock = await acquireLock({ session, clock: ctx.clock }, { name: 'seed' });
  try {
    const fallbacks: string[] = [];
    const databaseKeys = await loadDatabaseKeys(session.sql, () => ctx.keys());
    const keys = await openSeedKeys(databaseKeys, (reason) => fallbacks.push(reason));
    yield { kind: 'phase', message: 'creating the months' };
    const createdMonths = await createMonths({ ...ctx, session }, plan.demo.span);
    const seeded = yield* inOneTransaction(session, loadAndVerify({ ...ctx, session }, plan, keys));
    for (const reason of fallbacks) yield { kind: 'warning', message: `values were encrypted one by one: ${reason}` };
    return { ...seeded, plan, createdMonths };
  } catch (error) {
    throw nothingKept(error, ctx.signal);
  } finally {
    await lock.release();
  }
}

type Seeded = Omit<SeedResult, 'plan' | 'createdMonths'>;

async function* loadAndVerify(
  needs: Pick<Context, 'clock' | 'signal'> & { readonly session: Session },
  { demo, tables, totalRows }: SeedPlan,
  keys: SeedKeys,
): Work<Seeded> {
  const { session } = needs;
  const { sql } = session;
  await prepareTransaction(session);
  await disableAuditTriggers(sql);
  await requireEmpty(session);
  yield { kind: 'phase', message: 'loading' };
  const loaded = yield* loadTables(needs, { demo, keys, tables: tables.map(({ table }) => table), totalRows });
  await enableAuditTriggers(sql);
  yield { kind: 'phase', message: 'verifying' };
  needs.signal.throwIfAborted();
  await refreshPaymentState(sql);
  const expected = tables.map(({ table, rows }) => ({ name: table.name, rows }));
  const decrypted = await verifySeed(session, { expected, keys });
  needs.signal.throwIfAborted();
  const seeded: SeededTable[] = [];
  for (const table of loaded) seeded.push({ ...table, bytes: await readTableBytes(sql, table.name) });
  return { tables: seeded, decrypted };
}

/** Names mean the schema's own tables, nothing times out, and nobody waits long for a lock. */
async function prepareTransaction(session: Session): Promise<void> {
  await setLocal(session, 'search_path', 'public, pg_temp');
  await setLocal(session, 'statement_timeout', '0');
  await setLocal(session, 'idle_in_transaction_session_timeout', '0');
  await setLocal(session, 'lock_timeout', '10s');
  // A role that row security would filter gets an error instead of a part of the rows.
  await setLocal(session, 'row_security', 'off');
}

/** As inTransaction, for work that tells of its progress: it is rolled back too when nobody asks for the next event. */
async function* inOneTransaction<Result>(session: Session, work: Work<Result>): Work<Result> {
  await simpleText(session, 'begin');
  let committed = false;
  try {
    const result = yield* work;
    await simpleText(session, 'commit');
    committed = true;
    return result;
  } finally {
    if (!committed && !session.lost) await simpleText(session, 'rollback');
  }
}

function nothingKept(error: unknown, signal: AbortSignal): unknown {
  const described = describeServerError(signal.aborted ? signal.reason : error) ?? error;
  if (!(described instanceof OrdersyncError) || described.code !== 'interrupted') return described;
  return new OrdersyncError('interrupted', `${described.message}; nothing was kept`, {
    ...described.details,
    hint: 'the transaction was rolled back: run the command again',
  });
}
