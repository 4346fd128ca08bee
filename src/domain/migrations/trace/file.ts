import { simpleText, simpleTextAsWritten } from '../../../db/text.ts';
import { cancelledOnAbort } from '../apply/cancel.ts';
import type { Run } from '../apply/run.ts';
import type { MigrationScript } from '../file/migration.ts';
import { offsetOfPosition } from '../file/position.ts';
import { restoreSession } from '../settings.ts';
import type { Origin, TableEffect } from './observe.ts';
import { effectsBetween } from './observe.ts';
import { readRelationStates } from './queries.ts';

/** What a statement of a transactional file did, by table. */
export interface StatementTrace {
  /** 0-based number in the file. */
  readonly statement: number;
  readonly effects: readonly TableEffect[];
}

export interface FileTrace {
  readonly file: string;
  /** Empty for a file that runs outside a transaction: what it does is known by the static rules only. */
  readonly statements: readonly StatementTrace[];
  readonly traced: boolean;
  /** Where it failed; nothing after that was traced. */
  readonly failure?: { readonly statement: number; readonly offset: number; readonly message: string };
}

/** Runs a file statement by statement in one transaction, looking after each what it locked, rewrote and read; commits. @throws the reason of an interrupt */
export async function traceFile(run: Run, script: MigrationScript, origin: Origin): Promise<FileTrace> {
  const { session } = run;
  const statements: StatementTrace[] = [];
  const trace = { file: script.file, statements, traced: true };
  let index = 0;
  await restoreSession(session, run.settings);
  await simpleText(session, 'begin');
  try {
    let before = await readRelationStates(session.sql);
    for (; index < script.statements.length; index += 1) {
      run.ctx.signal.throwIfAborted();
      await cancelledOnAbort(run, simpleTextAsWritten(session, script.statements[index]?.text ?? ''));
      const after = await readRelationStates(session.sql);
      statements.push({ statement: index, effects: effectsBetween(origin, before, after) });
      before = after;
    }
    await simpleText(session, 'commit');
    return trace;
  } catch (error) {
    if (run.ctx.signal.aborted) throw run.ctx.signal.reason;
    if (session.lost) throw error;
    await simpleText(session, 'rollback');
    return { ...trace, failure: failureAt(script, index, error) };
  }
}

/** The server's position counts in the statement; without one the statement's own place must do. */
function failureAt(script: MigrationScript, index: number, error: unknown): NonNullable<FileTrace['failure']> {
  const statement = script.statements[index] ?? script.statements.at(-1);
  const { message, position } = error as { message: string; position?: string }; // what rejects has at least a message
  const within =
    position === undefined || statement === undefined ? 0 : offsetOfPosition(statement.text, Number(position));
  return { statement: index, offset: (statement?.start ?? 0) + within, message };
}
