import type { Session } from '../../db/session.ts';
import { SQLSTATE } from '../../db/sqlstate.ts';
import { inTransaction } from '../../db/transaction.ts';
import { OrdersyncError } from '../../errors.ts';
import { advance, cursorOf } from '../migrations/file/lexer.ts';
import { maskStatement } from '../reports/mask.ts';
import { probe } from '../reports/probe.ts';
import { setSearchPath } from '../reports/queries.ts';
import type { Requirement } from '../reports/requirement.ts';
import { readOnlyMode } from '../reports/session-settings.ts';
import { maskPlan } from './mask-plan.ts';
import { explainStored, readStatementText } from './explain-queries.ts';

export interface Explained {
  /** Literals masked. */
  readonly statement: string;
  /** As EXPLAIN writes it, literals masked too. */
  readonly plan: readonly string[];
}

const NEEDS: readonly Requirement[] = [
  { kind: 'extension', name: 'pg_stat_statements' },
  { kind: 'setting', name: 'pg_stat_statements.max' },
];

/** First words of what EXPLAIN takes. */
const PLANNABLE = new Set(['select', 'insert', 'update', 'delete', 'merge', 'with', 'values', 'table']);

const PG16 = 160_000;

/**
 * The generic plan of a statement that pg_stat_statements knows by its id. Nothing is executed: the statement is planned, in
 * a read-only transaction.
 * @throws OrdersyncError `not_enabled`, `permission` or `precondition` when there is no text, or none that can be planned
 */
export async function explainStatement(session: Session, queryId: string, timeoutMs: number): Promise<Explained> {
  if (session.server.versionNum < PG16 && session.server.pooled) {
    throw new OrdersyncError('precondition', 'before PostgreSQL 16 a plan without values needs a session of its own', {
      hint: 'connect to the server itself, not through a transaction pooler',
    });
  }
  const statement = await inTransaction(session, () => statementOf(session, queryId), readOnlyMode(timeoutMs));
  const prepared = session.server.versionNum < PG16;
  const planned = await inTransaction(
    session,
    () => explainStored(session, statement, { prepared }),
    // With the session's own search_path: the statement was written for it.
    readOnlyMode(timeoutMs, { searchPath: false }),
  );
  if ('problem' in planned) throw planningError(planned.problem);
  return { statement: maskStatement(statement), plan: maskPlan(planned.plan) };
}

async function statementOf(session: Session, queryId: string): Promise<string> {
  const probed = await probe(session, NEEDS);
  for (const requirement of NEEDS) {
    const lack = probed.lackOf(requirement);
    if (lack !== undefined) throw new OrdersyncError('not_enabled', lack.reason, { hint: lack.fix });
  }
  await setSearchPath(session, probed.schemas);
  const found = await readStatementText(session, queryId);
  if (found === undefined) {
    throw new OrdersyncError('precondition', `pg_stat_statements knows no statement with the id ${queryId}`, {
      hint: 'the column query_id of `ordersync monitor slow-queries` has the ids; without pg_read_all_stats only your own have one',
    });
  }
  if (found.database !== session.server.database) {
    throw new OrdersyncError('precondition', `that statement ran in the database "${found.database}"`, {
      hint: `run this command with --dbname ${found.database}`,
    });
  }
  refuseUnplannable(found.query);
  return found.query;
}

function refuseUnplannable(query: string): void {
  const cursor = cursorOf(query);
  const kinds = new Set<string>();
  let first: string | undefined;
  for (let kind = advance(cursor); kind !== 'end'; kind = advance(cursor)) {
    const text = query.slice(cursor.start, cursor.end).toLowerCase();
    if (kind === 'word') first ??= text;
    if (text === ';' || cursor.unterminated) kinds.add('several');
    // `interval $1` came from `interval '1 day'`: a parameter cannot stand there.
    if (
      kind === 'parameter' &&
      /\b(?:interval|date|time|timestamp|timestamptz|timetz)\s*$/i.test(query.slice(0, cursor.start))
    ) {
      kinds.add('typed');
    }
  }
  const why = !PLANNABLE.has(first ?? '')
    ? 'only SELECT, INSERT, UPDATE, DELETE, MERGE and VALUES have a plan'
    : kinds.has('several')
      ? 'its text is not one whole statement'
      : kinds.has('typed')
        ? 'it has a literal such as interval $1, which cannot be parsed without its value'
        : undefined;
  if (why === undefined) return;
  throw new OrdersyncError('precondition', `that statement cannot be explained: ${why}`, {
    hint: 'explain it by hand, with values of your own',
  });
}

function planningError({ sqlstate, message }: { readonly sqlstate: string; readonly message: string }): OrdersyncError {
  if (sqlstate === SQLSTATE.lockNotAvailable) {
    return new OrdersyncError('lock_held', 'another session holds a lock that planning the statement needs', {
      sqlstate,
      hint: 'see who holds it with `ordersync monitor blocking`',
    });
  }
  if (sqlstate === SQLSTATE.insufficientPrivilege) {
    return new OrdersyncError('permission', `this role may not plan that statement: ${message}`, {
      sqlstate,
      hint: 'grant select on what it reads, or connect as the role that runs it',
    });
  }
  // Class 42 names objects; messages of other classes may quote a value.
  const why = sqlstate.startsWith('42') ? `: ${message}` : '';
  return new OrdersyncError('precondition', `the statement cannot be planned${why}`, {
    sqlstate,
    hint: 'names without a schema are looked up in the search_path of this session, and types of parameters are guessed; explain it by hand',
  });
}
