import { randomBytes } from 'node:crypto';
import type { Session } from '../../db/session.ts';
import { SQLSTATE, sqlstateOf } from '../../db/sqlstate.ts';
import { simpleText } from '../../db/text.ts';
import { OrdersyncError } from '../../errors.ts';
import type { Sent } from './apply/pipeline.ts';
import { sendPipelined } from './apply/pipeline.ts';
import type { MigrationScript } from './file/migration.ts';
import { excerpt, lineColumnOf, offsetOfPosition } from './file/position.ts';

/**
 * Has the server parse every statement of every script, and execute none of them, so that a typing error in the last file
 * stops a run before its first.
 *
 * PL/pgSQL's EXECUTE parses a whole text before it looks at the first statement in it. That first statement is ours and
 * never survives its analysis, so nothing after it is reached; the error is caught in the server and leaves neither a
 * line in its log nor a transaction id. Parse messages (describe) would cost a round trip each, write an error into the
 * log for every table that an earlier file is still to create, and call a column list wrong that is right by then.
 * @throws OrdersyncError usage at the first place where the server's grammar rejects a file
 */
export async function checkSyntax(session: Session, scripts: readonly MigrationScript[]): Promise<void> {
  const failed = await sendPipelined(session, chunksOf(session, scripts), { stop: () => false });
  // Any other refusal (no PL/pgSQL, no right to use it) leaves the judgement to the run itself.
  if (failed === undefined || sqlstateOf(failed.error) !== SQLSTATE.syntaxError) return;
  throw syntaxError(failed.tag, failed.error as SyntaxFailure);
}

interface Chunk {
  readonly script: MigrationScript;
  readonly start: number;
  readonly end: number;
}

/** What a syntax error inside EXECUTE carries: the position in the executed text, in code points from 1. */
interface SyntaxFailure {
  readonly message: string;
  readonly internal_position?: string;
}

const NEVER_RUNS = "select 'parsed, not run'::pg_catalog.int4;\n";

/** Bounds what one message makes the server hold; longer only where one statement is. */
const CHUNK_CHARACTERS = 256_000;

function* chunksOf(session: Session, scripts: readonly MigrationScript[]): Generator<Sent<Chunk>> {
  for (const script of scripts) {
    let start = script.statements[0]?.start ?? 0;
    for (const [index, statement] of script.statements.entries()) {
      const next = script.statements[index + 1];
      if (next !== undefined && next.end - start <= CHUNK_CHARACTERS) continue;
      const chunk = { script, start, end: statement.end };
      yield { tag: chunk, send: () => simpleText(session, parseOnly(script.text.slice(chunk.start, chunk.end))) };
      start = next?.start ?? statement.end;
    }
  }
}

/** A dollar quote with a tag of 16 random bytes: no text can close it by chance or on purpose. */
function parseOnly(text: string): string {
  const tag = `$parse_${randomBytes(16).toString('hex')}$`;
  const body = `begin execute ${tag}${NEVER_RUNS}${text}${tag}; exception when invalid_text_representation then null; end`;
  const outer = `$check_${randomBytes(16).toString('hex')}$`;
  return `do ${outer}${body}${outer}`;
}

function syntaxError({ script, start }: Chunk, error: SyntaxFailure): OrdersyncError {
  const position = Math.max(1, Number(error.internal_position ?? NEVER_RUNS.length + 1) - NEVER_RUNS.length);
  const offset = start + offsetOfPosition(script.text.slice(start), position);
  const { line, column } = lineColumnOf(script.text, offset);
  return new OrdersyncError('usage', `${script.file}:${line}:${column}: ${error.message}`, {
    hint: `mend ${script.file} and run again; nothing was run`,
    sqlstate: SQLSTATE.syntaxError,
    body: excerpt(script.file, script.text, offset),
    facts: { file: script.file, line, column, applied: [] },
    cause: error,
  });
}
