import type { ProgressEvent, Work } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import { simpleTextAsWritten } from '../../../db/text.ts';
import { sqlstateOf } from '../../../db/sqlstate.ts';
import { firstLookMs, whileWatching } from '../blockers.ts';
import type { Statement } from '../file/split.ts';
import { beginStep, endStep, endStepHere, statementHash } from '../journal.ts';
import { sendNow } from '../send-now.ts';
import { cancelledOnAbort } from './cancel.ts';
import { checkBuilt, removeInvalid, tookEffect } from './concurrent-index.ts';
import { isLost } from './retry.ts';
import type { ReadyFile, Run } from './run.ts';
import type { StatementKind } from './statement-kind.ts';

/** One statement of a file that runs outside a transaction. */
export interface Step {
  readonly file: ReadyFile;
  /** 0-based. */
  readonly index: number;
  readonly statement: Statement;
  readonly kind: StatementKind;
  /** An earlier run began it and never saw its end. */
  readonly cutOff: boolean;
}

export interface StepError {
  readonly error: unknown;
}

/**
 * Runs the statement once; undefined when it took effect and the journal says so. One that may be in a transaction
 * shares one with its journal row: both are there or neither. The others are looked at afterwards where that is possible.
 */
export async function* tryStep(run: Run, step: Step): Work<StepError | undefined> {
  const { session } = run;
  if (step.kind.kind === 'setting') return outcomeOf(simpleTextAsWritten(session, step.statement.text));
  const early = yield* beforeStep(run, step);
  if (early.kind === 'failed') return early;
  const id = await beginStep(session.sql, keyOf(step), run.runner);
  if (early.kind === 'took effect') {
    await endStep(session.sql, id, 'done');
    return undefined;
  }
  const work = cancelledOnAbort(
    run,
    step.kind.kind === 'atomic' ? runAtomically(session, step, id) : runAlone(run, step),
  );
  const outcome = yield* whileWatching(run.ctx, run.watcher, {
    work,
    firstLookMs: firstLookMs(run.options.lockTimeoutMs),
    ...announcementOf(step),
  });
  const failed =
    outcome ??
    (step.kind.kind === 'create index concurrently' ? await checkBuilt(session.sql, step.kind.index) : undefined);
  if (isLost(session, failed?.error)) return failed;
  if (failed !== undefined) {
    await endStep(session.sql, id, run.ctx.signal.aborted ? 'interrupted' : 'failed', sqlstateOf(failed.error));
  } else if (step.kind.kind !== 'atomic') await endStep(session.sql, id, 'done');
  return failed;
}

type Early = { readonly kind: 'go on' } | { readonly kind: 'took effect' } | ({ readonly kind: 'failed' } & StepError);

async function* beforeStep(
  run: Run,
  { kind, cutOff, file, statement }: Step,
): AsyncGenerator<ProgressEvent, Early, void> {
  const place = `${file.script.file}:${statement.line}`;
  if (cutOff && (await tookEffect(run.session.sql, kind))) {
    yield { kind: 'note', message: `${place}: took effect before the earlier run was cut off` };
    return { kind: 'took effect' };
  }
  if (cutOff && kind.kind === 'alone') {
    yield { kind: 'warning', message: `${place}: an earlier run was cut off in this statement; it runs again` };
  }
  if (kind.kind !== 'create index concurrently' || kind.index === undefined) return { kind: 'go on' };
  const { removed, error } = await removeInvalid(run, kind.index);
  if (removed !== undefined)
    yield { kind: 'note', message: `${place}: dropped the INVALID index ${removed} that an earlier build left behind` };
  return error === undefined ? { kind: 'go on' } : { kind: 'failed', error };
}

async function runAtomically(session: Session, { statement }: Step, id: string): Promise<StepError | undefined> {
  const { sql } = session;
  const failed = await outcomeOf(Promise.all([sendNow(sql`begin`), simpleTextAsWritten(session, statement.text)]));
  if (failed === undefined) return outcomeOf(Promise.all([endStepHere(sql, id), sendNow(sql`commit`)]));
  if (!isLost(session, failed.error)) await sql`rollback`;
  return failed;
}

/**
 * CREATE INDEX CONCURRENTLY waits for transactions, not for traffic: nobody queues behind it, so a lock_timeout would
 * only leave an INVALID index. It waits as long as it takes, and says for whom.
 */
async function runAlone(run: Run, { kind, statement, file }: Step): Promise<StepError | undefined> {
  const { sql } = run.session;
  const patient = isIndexWork(kind) && file.script.directives.lockTimeoutMs === undefined;
  if (!patient) return outcomeOf(simpleTextAsWritten(run.session, statement.text));
  const [before] = await sql<{ value: string }[]>`select current_setting('lock_timeout') as value`;
  await sql`select set_config('lock_timeout', '0', false)`;
  const outcome = await outcomeOf(simpleTextAsWritten(run.session, statement.text));
  if (!isLost(run.session, outcome?.error))
    await sql`select set_config('lock_timeout', ${before?.value ?? '0'}, false)`;
  return outcome;
}

function isIndexWork(kind: StatementKind): boolean {
  return kind.kind === 'create index concurrently' || kind.kind === 'drop index concurrently';
}

function announcementOf({ kind, file, statement }: Step): { readonly announce?: string } {
  return isIndexWork(kind) ? { announce: `${file.script.file}:${statement.line}` } : {};
}

function outcomeOf(work: Promise<unknown>): Promise<StepError | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
}

function keyOf({ file, index, statement }: Step) {
  return { version: file.version, direction: file.direction, step: index + 1, sha256: statementHash(statement.text) };
}
