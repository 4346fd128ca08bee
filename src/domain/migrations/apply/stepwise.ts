import type { ProgressEvent, Work } from '../../../context.ts';
import { readOpenSteps } from '../queries.ts';
import { sendNow } from '../send-now.ts';
import { restoreSession } from '../settings.ts';
import { resumeOf } from './resume.ts';
import { isLost, isRetryable, pauseMs, retryWarning } from './retry.ts';
import type { Attempt, ReadyFile, Run } from './run.ts';
import type { Step } from './step.ts';
import { tryStep } from './step.ts';
import { statementKindOf } from './statement-kind.ts';
import { recordFile } from './transactional.ts';

export interface StepwiseOutcome {
  readonly attempt: Attempt;
  /** Statements of this file that took effect, earlier runs included. */
  readonly statementsDone: number;
}

/**
 * A file outside a transaction: statement by statement, each in the journal before and after it, so that the next run
 * goes on where this one stopped.
 * @throws OrdersyncError checksum_mismatch when a statement was edited after it took effect
 */
export async function* applyStepwise(run: Run, file: ReadyFile): Work<StepwiseOutcome> {
  const { sql } = run.session;
  const { done, cutOff } = resumeOf(file, await readOpenSteps(sql));
  await restoreSession(run.session, run.settings);
  await setSessionSettings(run, file);
  let statementsDone = done.size;
  if (statementsDone > 0)
    yield {
      kind: 'note',
      message: `${file.script.file}: ${statementsDone} of its statements took effect earlier; going on`,
    };
  for (const [index, statement] of file.script.statements.entries()) {
    if (done.has(index + 1)) continue;
    const kind = statementKindOf(statement.text);
    const stopped = yield* runStep(run, { file, index, statement, kind, cutOff: cutOff === index + 1 });
    if (stopped !== undefined) return { attempt: stopped, statementsDone };
    if (kind.kind !== 'setting') statementsDone += 1;
    yield progressOf(file, index + 1);
  }
  return { attempt: await finish(run, file), statementsDone };
}

/** Runs one statement to its end, retries included; undefined when it took effect. */
async function* runStep(run: Run, step: Step): Work<Attempt | undefined> {
  const { ctx, options, watcher, session } = run;
  for (let attempt = 1; !ctx.signal.aborted; attempt += 1) {
    watcher.forget();
    const outcome = yield* tryStep(run, step);
    if (outcome === undefined) return undefined;
    if (isLost(session, outcome.error)) return { kind: 'lost', error: outcome.error };
    if (ctx.signal.aborted) break;
    if (!isRetryable(outcome.error) || attempt > options.retries) return failedAt(step, outcome.error);
    const pause = pauseMs(attempt, Math.random);
    const place = `${step.file.script.file}:${step.statement.line}`;
    yield { kind: 'warning', message: retryWarning(run, place, { error: outcome.error, attempt, pause }) };
    await ctx.clock.sleep(pause, ctx.signal);
  }
  return { kind: 'interrupted' };
}

async function setSessionSettings(run: Run, { script }: ReadyFile): Promise<void> {
  const lockTimeout = String(script.directives.lockTimeoutMs ?? run.options.lockTimeoutMs);
  const statementTimeout = String(script.directives.statementTimeoutMs ?? 0);
  await run.session.sql`
    select set_config('lock_timeout', ${lockTimeout}, false),
           set_config('statement_timeout', ${statementTimeout}, false),
           set_config('ordersync.migration_started', extract(epoch from clock_timestamp())::text, false)`;
}

/** The ledger row, when every statement took effect; it also closes the file's steps in the journal. */
async function finish(run: Run, file: ReadyFile): Promise<Attempt> {
  const { sql } = run.session;
  try {
    const [, executionTimeMs] = await Promise.all([sendNow(sql`begin`), recordFile(run, file), sendNow(sql`commit`)]);
    return { kind: 'committed', executionTimesMs: [executionTimeMs] };
  } catch (error) {
    if (isLost(run.session, error)) return { kind: 'lost', error };
    return { kind: 'failed', failure: { file, error, range: undefined, offset: 0 } };
  }
}

function failedAt({ file, index, statement }: Step, error: unknown): Attempt {
  return { kind: 'failed', failure: { file, error, range: { first: index, last: index }, offset: statement.start } };
}

function progressOf(file: ReadyFile, done: number): ProgressEvent {
  return { kind: 'progress', label: file.script.file, done, total: file.script.statements.length, unit: 'statements' };
}
