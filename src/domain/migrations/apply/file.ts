import { counted } from '../../../counted.ts';
import type { Work } from '../../../context.ts';
import { sqlstateOf } from '../../../db/sqlstate.ts';
import { OrdersyncError } from '../../../errors.ts';
import { firstLookMs, whileWatching } from '../blockers.ts';
import { recordFileOutcome } from '../journal.ts';
import { isRetryable, pauseMs, retryWarning } from './retry.ts';
import type { AppliedFile, Attempt, ReadyFile, Run } from './run.ts';
import { attemptTransaction } from './transactional.ts';

/**
 * Applies one file in the way its header asks for.
 * @param committed versions that this run has committed before, for the message of a failure
 * @throws OrdersyncError precondition or partial when a statement fails, interrupted on Ctrl-C, connection or partial
 * when the connection is lost
 */
export async function* applyFile(run: Run, file: ReadyFile, committed: readonly string[]): Work<AppliedFile> {
  if (file.script.directives.transaction) {
    const [applied] = yield* applyTransaction(run, [file], committed);
    if (applied !== undefined) return applied;
  }
  // What most runs never need is loaded here: each module costs every start about a millisecond.
  const { applyStepwise } = await import('./stepwise.ts');
  const { attempt, statementsDone } = yield* applyStepwise(run, file);
  if (attempt.kind === 'committed') return appliedFile(file, attempt.executionTimesMs[0], 1);
  throw await stopped(run, [file], { attempt, committed, statementsDone });
}

/** Applies files in one transaction; lock timeouts, deadlocks and serialization failures run it again as a whole. */
export async function* applyTransaction(
  run: Run,
  files: readonly ReadyFile[],
  committed: readonly string[],
): Work<AppliedFile[]> {
  const { ctx, options, watcher } = run;
  for (let number = 1; ; number += 1) {
    watcher.forget();
    const work = attemptTransaction(run, files, number > 1);
    const attempt = yield* whileWatching(ctx, watcher, { work, firstLookMs: firstLookMs(options.lockTimeoutMs) });
    if (attempt.kind === 'committed') {
      return files.map((file, index) => appliedFile(file, attempt.executionTimesMs[index], number));
    }
    const retry = attempt.kind === 'failed' && isRetryable(attempt.failure.error) && number <= options.retries;
    if (!retry) throw await stopped(run, files, { attempt, committed, statementsDone: 0 });
    const pause = pauseMs(number, Math.random);
    const { error, file } = attempt.failure;
    yield { kind: 'warning', message: retryWarning(run, file.script.file, { error, attempt: number, pause }) };
    await ctx.clock.sleep(pause, ctx.signal);
    if (ctx.signal.aborted)
      throw await stopped(run, files, { attempt: { kind: 'interrupted' }, committed, statementsDone: 0 });
  }
}

interface Stop {
  readonly attempt: Exclude<Attempt, { kind: 'committed' }>;
  readonly committed: readonly string[];
  readonly statementsDone: number;
}

async function stopped(
  run: Run,
  files: readonly ReadyFile[],
  { attempt, committed, statementsDone }: Stop,
): Promise<OrdersyncError> {
  const [file] = files;
  if (file === undefined) throw new TypeError('a run without files cannot stop in one');
  switch (attempt.kind) {
    case 'lost':
      return (await import('./lost.ts')).resolveLost(run, file, attempt.error, committed);
    case 'interrupted':
      await recordStop(run, file, 'interrupted', '57014');
      return interruption(run, file, { committed, statementsDone });
    default: {
      const { failure } = attempt;
      await recordStop(run, failure.file, 'failed', sqlstateOf(failure.error));
      const { fileFailure } = await import('./failure.ts');
      return fileFailure(run, failure.file, failure, { committed, statementsDone });
    }
  }
}

function recordStop(
  run: Run,
  { version, direction }: ReadyFile,
  outcome: 'failed' | 'interrupted',
  sqlstate: string | undefined,
) {
  return recordFileOutcome(run.session.sql, { version, direction, outcome, sqlstate }, run.runner);
}

/** What Ctrl-C left: said by file, because exit status 130 alone does not tell. */
export function interruption(
  run: Run,
  file: ReadyFile,
  { committed, statementsDone }: Omit<Stop, 'attempt'>,
): OrdersyncError {
  const reason: unknown = run.ctx.signal.reason;
  const signal = reason instanceof OrdersyncError ? reason.details.signal : undefined;
  const own =
    statementsDone > 0
      ? `stopped in ${file.script.file} after ${counted(statementsDone, 'statement')}, which stay`
      : `${file.script.file} was rolled back`;
  return new OrdersyncError('interrupted', `interrupted: ${own}`, {
    ...(signal === undefined ? {} : { signal }),
    hint: 'run the same command again to continue',
    body: [
      committed.length === 0 ? 'nothing else of this run is committed' : `committed before: ${committed.join(', ')}`,
    ],
    facts: { file: file.script.file, applied: committed },
    cause: reason,
  });
}

function appliedFile(file: ReadyFile, executionTimeMs: number | undefined, attempts: number): AppliedFile {
  const { version, description, direction, script } = file;
  return {
    version,
    description,
    direction,
    file: script.file,
    statements: script.statements.length,
    executionTimeMs: executionTimeMs ?? 0,
    attempts,
  };
}
