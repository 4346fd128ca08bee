import type { Directives } from './migration.ts';
import type { FileProblem } from './problem.ts';
import { problemAt } from './problem.ts';
import type { Split, Statement } from './split.ts';
import type { Token } from './tokens.ts';
import { findWords, isSymbol, isWord, matchWords, tokensOf } from './tokens.ts';
import { outsideTransactionOnly, transactionControl } from './transactions.ts';

/** What can be refused without a server: statements that would break the run, or that no server understands. */
export function refusalsOf(
  source: { readonly file: string; readonly text: string },
  split: Split,
  directives: Pick<Directives, 'transaction' | 'allowEmpty'>,
): readonly FileProblem[] {
  const { statements } = split;
  const found: Refusal[] = backslashRefusals(source.text, split);
  for (const statement of statements) {
    const refusal = statementRefusal(statement, directives, statements.length);
    if (refusal !== undefined) found.push({ ...refusal, offset: statement.start + refusal.offset });
  }
  if (split.unterminated !== undefined) found.push(unterminatedRefusal(split.unterminated));
  found.sort((left, right) => left.offset - right.offset);
  // What follows COPY FROM STDIN or a psql command may be data, and whatever is found in it is noise.
  const last = found.findIndex((refusal) => refusal.endsSql === true);
  const told = last === -1 ? found : found.slice(0, last + 1);
  const problems = told
    .slice(0, MAX_TOLD)
    .map(({ offset, message, hint }): FileProblem => problemAt(source, offset, { message, hint }));
  if (told.length > MAX_TOLD) {
    problems.push({ file: source.file, message: `${told.length - MAX_TOLD} more statements of the file are refused` });
  }
  if (statements.length === 0 && told.length === 0 && !directives.allowEmpty) problems.push(emptyProblem(source.file));
  return problems;
}

/** A dump with a transaction around every row is understood after a few of them. */
const MAX_TOLD = 10;

interface Refusal {
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
  readonly endsSql?: boolean;
}

function emptyProblem(file: string): FileProblem {
  const hint = 'write its SQL, delete the file, or put "-- ordersync: allow-empty" in its first line';
  return { file, message: 'the file holds no statement', hint };
}

function unterminatedRefusal({ what, start }: NonNullable<Split['unterminated']>): Refusal {
  return { offset: start, message: `a ${what} that has no end`, hint: 'close it; it was opened here' };
}

function backslashRefusals(text: string, { backslashes }: Split): Refusal[] {
  const [offset] = backslashes;
  if (offset === undefined) return [];
  const command = /^\\\S*/.exec(text.slice(offset, offset + 40))?.[0] ?? '\\';
  const hint = 'migrations are plain SQL: write out what the command would do';
  return [{ offset, message: `${command} is a command of psql, not SQL`, hint, endsSql: command !== '\\' }];
}

/** Most statements are passed by their first word: a file may hold a hundred thousand inserts. */
function statementRefusal(
  statement: Statement,
  directives: Pick<Directives, 'transaction'>,
  statementCount: number,
): Refusal | undefined {
  const first = /^\w+/.exec(statement.text)?.[0].toLowerCase() ?? '';
  const unlocks = statement.text.includes('pg_advisory_unlock_all');
  if (!WATCHED.has(first) && !unlocks) return undefined;
  const tokens = tokensOf(statement.text);
  return (
    controlRefusal(tokens) ??
    lockRefusal(tokens) ??
    copyRefusal(tokens) ??
    (directives.transaction ? transactionRefusal(tokens, statementCount) : undefined)
  );
}

const WATCHED = new Set(
  `begin commit end rollback abort savepoint release start prepare discard copy
   vacuum create drop alter reindex cluster`.split(/\s+/),
);

function controlRefusal(tokens: readonly Token[]): Refusal | undefined {
  const command = transactionControl(tokens);
  if (command === undefined) return undefined;
  return {
    offset: 0,
    message: `${command} in a migration: every file is one transaction, opened and committed by ordersync`,
    hint: 'remove it; "-- ordersync: no-transaction" runs the statements of a file one by one, each on its own',
  };
}

/** The lock that keeps other runs away belongs to the session; both of these drop it while the migration still runs. */
function lockRefusal(tokens: readonly Token[]): Refusal | undefined {
  const hint = 'name what you want to reset, such as "reset all" or "discard temp"';
  if (matchWords(tokens, 0, 'discard all') !== undefined) {
    return { offset: 0, message: 'discard all would give up the lock that keeps other runs away', hint };
  }
  const call = tokens.find((token, at) => isWord(token, 'pg_advisory_unlock_all') && isSymbol(tokens[at + 1], '('));
  if (call === undefined) return undefined;
  return {
    offset: call.start,
    message: 'pg_advisory_unlock_all() would give up the lock that keeps other runs away',
    hint: 'release your own lock by its number: pg_advisory_unlock(n)',
  };
}

function copyRefusal(tokens: readonly Token[]): Refusal | undefined {
  if (!isWord(tokens[0], 'copy')) return undefined;
  const from = findWords(tokens, 1, 'from stdin');
  const to = findWords(tokens, 1, 'to stdout');
  const at = tokens[from ?? to ?? 0];
  if (from !== undefined && at !== undefined) {
    const hint = 'write the rows as insert statements (pg_dump --rows-per-insert=1000 does)';
    return { offset: at.start, message: 'copy from stdin: a migration has no standard input', hint, endsSql: true };
  }
  if (to === undefined || at === undefined) return undefined;
  return { offset: at.start, message: 'copy to stdout: nobody reads it in a migration', hint: 'remove it' };
}

function transactionRefusal(tokens: readonly Token[], statementCount: number): Refusal | undefined {
  const command = outsideTransactionOnly(tokens);
  if (command === undefined) return undefined;
  const directive = '"-- ordersync: no-transaction" in its first line';
  const hint =
    statementCount === 1
      ? `put ${directive}`
      : `move it to a migration of its own, with ${directive}: statements that run one by one are not rolled back together`;
  return { offset: 0, message: `${command} cannot run inside a transaction`, hint };
}
