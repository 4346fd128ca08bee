import type { Session } from '../../../db/session.ts';
import { simpleTextAsWritten } from '../../../db/text.ts';
import { recordDown, recordUp } from '../queries.ts';
import { sendNow } from '../send-now.ts';
import { restoreSession } from '../settings.ts';
import { cancelledOnAbort } from './cancel.ts';
import type { Message } from './messages.ts';
import { messagesOf } from './messages.ts';
import type { Sent } from './pipeline.ts';
import { sendPipelined } from './pipeline.ts';
import { isLost } from './retry.ts';
import type { Attempt, ReadyFile, Run } from './run.ts';

/** What was sent: a message of a file, or a statement around its file (undefined). */
interface Tag {
  readonly file: ReadyFile;
  readonly message: Message | undefined;
}

interface Progress {
  readonly executionTimesMs: number[];
  /** COMMIT was sent: whatever it is answered, no transaction is open any more. */
  ended: boolean;
  committed: boolean;
}

/**
 * One attempt at one file, or at several that are to stand or fall together: BEGIN, the statements, each file's ledger
 * row, COMMIT, written without waiting: round trips are time in which locks are held. After an error the server answers
 * whatever is behind it with one more line "current transaction is aborted" in its log.
 * @param again an attempt failed before: each statement waits for the one before it, so that this one, which may be one of
 *   many, leaves one error there
 */
export async function attemptTransaction(run: Run, files: readonly ReadyFile[], again: boolean): Promise<Attempt> {
  const { session, ctx } = run;
  const progress: Progress = { executionTimesMs: [], ended: false, committed: false };
  const sending = sendPipelined(session, transactionOf(run, files, progress), {
    stop: () => ctx.signal.aborted,
    oneByOne: again,
  });
  const failed = await cancelledOnAbort(run, sending);
  const { committed, executionTimesMs } = progress;
  if (committed) return { kind: 'committed', executionTimesMs };
  if (isLost(session, failed?.error)) return { kind: 'lost', error: failed?.error };
  if (!progress.ended) await session.sql`rollback`;
  if (ctx.signal.aborted || failed === undefined) return { kind: 'interrupted' };
  const { file, message } = failed.tag;
  const range = message === undefined ? undefined : { first: message.first, last: message.last };
  return { kind: 'failed', failure: { file, error: failed.error, range, offset: message?.offset ?? 0 } };
}

function* transactionOf(run: Run, files: readonly ReadyFile[], progress: Progress): Generator<Sent<Tag>> {
  const { sql } = run.session;
  let last: Tag | undefined;
  for (const file of files) {
    const tag = { file, message: undefined };
    if (last === undefined) yield { tag, send: () => sendNow(sql`begin isolation level read committed`) };
    yield { tag, send: () => restoreSession(run.session, run.settings) };
    yield { tag, send: () => setFileSettings(run, file) };
    yield* statementsOf(run.session, file);
    yield { tag, send: async () => void progress.executionTimesMs.push(await recordFile(run, file)) };
    last = tag;
  }
  if (last === undefined) return;
  yield {
    tag: last,
    send: async () => {
      progress.ended = true;
      const [answer] = await sendNow(sql`commit`);
      progress.committed = answer.command === 'COMMIT';
    },
  };
}

function* statementsOf(session: Session, file: ReadyFile): Generator<Sent<Tag>> {
  for (const message of messagesOf(file.script)) {
    yield { tag: { file, message }, send: () => simpleTextAsWritten(session, message.text) };
  }
}

/** A directive in the file's header goes before the command's option. */
function setFileSettings(run: Run, { script }: ReadyFile): Promise<unknown> {
  const lockTimeout = String(script.directives.lockTimeoutMs ?? run.options.lockTimeoutMs);
  const statementTimeout = String(script.directives.statementTimeoutMs ?? 0);
  return sendNow(run.session.sql`
    select set_config('lock_timeout', ${lockTimeout}, true),
           set_config('statement_timeout', ${statementTimeout}, true),
           set_config('ordersync.migration_started', extract(epoch from clock_timestamp())::text, true)`);
}

/** The ledger row, written as the role that opened the session: the file may have changed it. Returns milliseconds. */
export async function recordFile(run: Run, file: ReadyFile): Promise<number> {
  const { sql } = run.session;
  const [, , rows] = await sendNow(
    sql`reset session authorization`,
    sql`reset role`,
    file.direction === 'up' ? recordUp(sql, file, run.runner) : recordDown(sql, file.version, run.runner),
  );
  return rows[0]?.executionTimeMs ?? 0;
}
