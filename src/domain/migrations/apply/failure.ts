import { counted } from '../../../counted.ts';
import { sqlstateOf } from '../../../db/sqlstate.ts';
import { OrdersyncError } from '../../../errors.ts';
import { describeBlocker } from '../blockers.ts';
import { excerpt, lineColumnOf, offsetOfPosition } from '../file/position.ts';
import type { ReadyFile, Run, StatementFailure } from './run.ts';
import { isRetryable } from './retry.ts';

/** What the server says in an ErrorResponse, as far as it is shown. */
export interface ServerError {
  readonly message: string;
  readonly position?: string;
  readonly internal_position?: string;
  readonly hint?: string;
  readonly detail?: string;
  readonly where?: string;
}

export interface LeftBehind {
  /** Files of this run that are committed. */
  readonly committed: readonly string[];
  /** Statements of this file that took effect: only a file outside a transaction leaves any. */
  readonly statementsDone: number;
}

/**
 * The error a person sees for a file that failed: where, why, and what is left behind. `precondition` when nothing of
 * this run is committed, `partial` when earlier files or statements stay. The server's DETAIL may quote row values and
 * is shown only on request.
 */
export function fileFailure(run: Run, file: ReadyFile, failure: StatementFailure, left: LeftBehind): OrdersyncError {
  const error = failure.error as ServerError; // whatever rejected has at least a message
  const sqlstate = sqlstateOf(error);
  const offset = errorOffset(file, failure);
  const { line, column } = lineColumnOf(file.script.text, offset ?? 0);
  const kept = left.committed.length > 0 || left.statementsDone > 0;
  const blockers = isRetryable(error) ? run.watcher.last : [];
  return new OrdersyncError(kept ? 'partial' : 'precondition', `${placeOf(file, failure, offset)}: ${error.message}`, {
    ...(sqlstate === undefined ? {} : { sqlstate }),
    hint: hintOf(error, file),
    body: [
      ...(offset === undefined ? [] : excerpt(file.script.file, file.script.text, offset)),
      ...(error.where === undefined ? [] : [`where: ${error.where.split('\n')[0] ?? ''}`]),
      ...(error.detail === undefined
        ? []
        : [
            run.options.showDetail
              ? `detail: ${error.detail}`
              : 'detail withheld, it may quote rows: --show-detail shows it',
          ]),
      ...(blockers.length === 0 ? [] : [`blocked by ${blockers.map(describeBlocker).join('; ')}`]),
      leftBehind(file, left),
    ],
    facts: {
      file: file.script.file,
      ...(offset === undefined ? {} : { line, column }),
      statement: failure.range === undefined ? null : failure.range.first + 1,
      blocked_by: blockers.map((blocker) => blocker.pid),
      applied: left.committed,
    },
    cause: error,
  });
}

/** The caret's place: the server's position, or the start of the statement when the server gave none. */
function errorOffset(file: ReadyFile, { error, range, offset }: StatementFailure): number | undefined {
  if (range === undefined) return undefined;
  const { position } = error as ServerError;
  if (position !== undefined) return offset + offsetOfPosition(file.script.text.slice(offset), Number(position));
  return range.first === range.last ? file.script.statements[range.first]?.start : undefined;
}

function placeOf(file: ReadyFile, { range }: StatementFailure, offset: number | undefined): string {
  const { text, statements } = file.script;
  if (range === undefined) return `${file.script.file}: at its end`;
  if (offset !== undefined) {
    const { line, column } = lineColumnOf(text, offset);
    return `${file.script.file}:${line}:${column}`;
  }
  const first = lineColumnOf(text, statements[range.first]?.start ?? 0).line;
  const last = lineColumnOf(text, statements[range.last]?.end ?? 0).line;
  return `${file.script.file}, statements ${range.first + 1} to ${range.last + 1} (lines ${first} to ${last})`;
}

function hintOf(error: ServerError, file: ReadyFile): string {
  if (isRetryable(error))
    return 'end the blocking session or wait for a quieter time, then run again; --retries and --lock-timeout allow for more';
  const said = error.hint === undefined ? '' : `${error.hint} `;
  return `${said}mend ${file.script.file} and run again`;
}

function leftBehind(file: ReadyFile, { committed, statementsDone }: LeftBehind): string {
  const own =
    statementsDone > 0
      ? `${counted(statementsDone, 'statement')} of ${file.script.file} took effect and will not run again`
      : `nothing of ${file.script.file} is left behind`;
  return committed.length === 0 ? own : `${own}; committed before it: ${committed.join(', ')}`;
}
