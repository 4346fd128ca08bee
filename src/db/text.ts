import type postgres from 'postgres';
import { quoteIdentifier, quoteQualified, type QualifiedName } from './identifiers.ts';
import type { Session, Sql } from './session.ts';
import { tagged } from './tag.ts';

/** Rows as the session's value types give them: exact values as text, arrays of built-in types as arrays. */
export type TextRow = Record<string, unknown>;
export type TextQuery<Row extends TextRow = TextRow> = postgres.PendingQuery<Row[]>;

export interface Description {
  /** Type oids of $1, $2 and so on. */
  readonly parameterTypes: readonly number[];
  readonly columns: readonly { readonly name: string; readonly type: number }[];
}

/**
 * Sends one statement of fixed text with bound parameters, at once: its answer may be awaited later. Not prepared under a
 * name, because such texts are run once.
 */
export function runText<Row extends TextRow = TextRow>(
  session: Pick<Session, 'sql'>,
  text: string,
  parameters: readonly unknown[] = [],
): TextQuery<Row> {
  return send(session, text, parameters, { simple: false });
}

/** As runText, for a statement that is not this program's: sent to the letter, and seen in reports on statements. */
export function runTextAsWritten<Row extends TextRow = TextRow>(
  session: Pick<Session, 'sql'>,
  text: string,
): TextQuery<Row> {
  return send(session, text, [], { simple: false, asWritten: true });
}

/**
 * As runText, for a statement that is repeated many times on one session: prepared under a name at its first use, which
 * saves a round trip from then on. Not prepared behind a transaction pooler.
 */
export function runPrepared<Row extends TextRow = TextRow>(
  session: Pick<Session, 'sql'>,
  text: string,
  parameters: readonly unknown[],
): TextQuery<Row> {
  return send(session, text, parameters, { prepare: true });
}

/** Sends one statement by the simple protocol, at once: some refuse to run in the implicit transaction of the extended one. */
export function simpleText<Row extends TextRow = TextRow>(session: Pick<Session, 'sql'>, text: string): TextQuery<Row> {
  return send(session, text, [], { simple: true });
}

/** Sends several statements in one message, at once. The answer is an array of results. */
export function simpleTexts(session: Pick<Session, 'sql'>, statements: readonly string[]): TextQuery {
  // The server keeps the text of each by itself, so that each needs its tag.
  return simpleTextAsWritten(session, statements.map((statement) => tagged(statement)).join(';\n'));
}

/** As simpleText, for what is not this program's: one statement or several, sent to the letter, and seen in reports on statements. */
export function simpleTextAsWritten(session: Pick<Session, 'sql'>, text: string): TextQuery {
  return send(session, text, [], { simple: true, asWritten: true });
}

/** Two of them are missing in the driver's types. */
interface SendOptions {
  readonly prepare?: boolean;
  /** Decides between the two protocols; without it no parameters = simple. */
  readonly simple?: boolean;
  /** Read by driver/pin.ts. */
  readonly asWritten?: boolean;
}

function send<Row extends TextRow>(
  { sql }: Pick<Session, 'sql'>,
  text: string,
  parameters: readonly unknown[],
  options: SendOptions,
): TextQuery<Row> {
  return sql.unsafe<Row[]>(text, parameters as never[], { prepare: false, ...options }).execute();
}

/** Has the server parse a statement without running it. @throws PostgresError 42601 and others, with a position */
export async function describeText(session: Pick<Session, 'sql'>, text: string): Promise<Description> {
  const statement = await session.sql.unsafe(text, [], { prepare: true }).describe();
  return {
    parameterTypes: statement.types,
    columns: statement.columns.map(({ name, type }) => ({ name, type })),
  };
}

/**
 * A name inside a template: sql`select count(*) from ${identifier(sql, name)}`. The driver's own `sql(name)` takes a dot
 * for a separator, so that a table called "a.b" would become "a"."b".
 */
export function identifier(sql: Sql, name: string | QualifiedName): postgres.Fragment {
  return sql.unsafe(typeof name === 'string' ? quoteIdentifier(name) : quoteQualified(name));
}
