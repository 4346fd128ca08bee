import type { Work } from '../../../context.ts';
import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import { simpleText, simpleTexts } from '../../../db/text.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { OrdersyncError } from '../../../errors.ts';
import { whileWatching } from '../../migrations/blockers.ts';
import type { Changer } from '../attempts.ts';
import { changePatiently } from '../attempts.ts';
import { takePartitionLock } from '../run-lock.ts';
import type { ConvertPlan, ConvertStep } from './plan.ts';
import { planConvert } from './plan.ts';

export interface ConvertedStep {
  readonly step: ConvertStep;
  readonly durationMs: number;
  readonly attempts: number;
}

export interface Converted {
  readonly plan: ConvertPlan;
  readonly steps: readonly ConvertedStep[];
}

/**
 * Turns a live table into a partitioned one, step by step. Planned again under the project's lock: what an earlier run has
 * done is not done again.
 */
export async function* convertTable(
  changer: Changer,
  { table, waitMs }: { readonly table: string; readonly waitMs: number },
): Work<Converted> {
  const { ctx, session } = changer;
  const lock = yield* takePartitionLock(ctx, session, waitMs);
  try {
    const plan = await planConvert(session, table, ctx.clock.now().getTime());
    const steps: ConvertedStep[] = [];
    for (const [index, step] of plan.steps.entries()) {
      ctx.signal.throwIfAborted();
      yield { kind: 'phase', message: `${index + 1} of ${plan.steps.length}: ${step.what}` };
      const start = ctx.clock.monotonicMs();
      const attempts = yield* runStep(changer, plan, step);
      steps.push({ step, attempts, durationMs: ctx.clock.monotonicMs() - start });
    }
    const left = await planConvert(session, table, ctx.clock.now().getTime());
    if (left.steps.length > 0) throw new OrdersyncError('partial', `${plan.names.table} is not partitioned`);
    return { plan, steps };
  } finally {
    await lock.release();
    await changer.watcher.close();
  }
}

async function* runStep(changer: Changer, plan: ConvertPlan, step: ConvertStep): Work<number> {
  changer.watcher.forget();
  if (step.transaction) {
    const { attempts } = yield* changePatiently(changer, {
      what: `${plan.names.table}: ${step.what}`,
      work: async () => simpleTexts(changer.session, step.statements),
    });
    return attempts;
  }
  for (const statement of step.statements) yield* runLong(changer, plan, statement);
  return 1;
}

/** A statement that takes its time and keeps nobody waiting; an interrupt cancels it, and the next run does it again. */
async function* runLong(changer: Changer, plan: ConvertPlan, statement: string): Work<void> {
  const { ctx, session, watcher } = changer;
  const cancel = (): void => void session.cancel();
  ctx.signal.addEventListener('abort', cancel);
  try {
    yield* whileWatching(ctx, watcher, {
      work: Promise.resolve(simpleText(session, statement)),
      firstLookMs: 1000,
      announce: plan.names.table,
    });
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (sqlstateOf(error) === SQLSTATE.checkViolation) throw await refuseRows(changer, plan);
    throw error;
  } finally {
    ctx.signal.removeEventListener('abort', cancel);
  }
}

/** Takes the constraint away again, so that nothing of the attempt is left. */
async function refuseRows({ session }: Changer, { table, names }: ConvertPlan): Promise<OrdersyncError> {
  await inTransaction(session, async () =>
    simpleText(session, `alter table ${table} drop constraint "${names.constraint.replaceAll('"', '""')}"`),
  );
  const hint = `find them: select id, created_at from ${table} where created_at < '${names.from}' or created_at >= '${names.to}' or created_at is null`;
  return new OrdersyncError(
    'precondition',
    `${names.table} holds rows whose created_at is not from ${names.from} to ${names.to}`,
    { hint },
  );
}
