import type { Session, Sql } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import type { LedgerRow, RelationFacts, StepRow } from './queries.ts';
import {
  createJournal,
  createLedger,
  mayCreateInPublic,
  readLedgerRows,
  readOpenSteps,
  readRelations,
} from './queries.ts';

/** What the database says about migrations. A database that never saw one has no ledger, and an empty history. */
export interface History {
  readonly rows: readonly LedgerRow[];
  /** Steps of files that began outside a transaction and were not completed. */
  readonly steps: readonly StepRow[];
}

/** The history together with the tables it was read from. */
export interface Ledger extends History {
  readonly relations: readonly RelationFacts[];
}

const LEDGER_COLUMNS = 'applied_at,checksum,description,execution_time_ms,version';

/**
 * Reads ledger and journal with SELECT only; creates nothing, so it works on a standby.
 * @throws OrdersyncError permission when a table exists that this role may not read; precondition when a table of that
 * name belongs to another tool
 */
export async function readHistory(sql: Sql): Promise<Ledger> {
  const relations = await readRelations(sql);
  for (const relation of relations) requireReadable(relation);
  const found = new Set(relations.map((relation) => relation.name));
  return {
    relations,
    rows: found.has('schema_migrations') ? await readLedgerRows(sql) : [],
    steps: found.has('schema_migration_journal') ? await readOpenSteps(sql) : [],
  };
}

/**
 * Makes the two tables where they are missing. Called under the run lock, before the first file.
 * @param known what readHistory found under this lock, to save reading it again
 * @throws OrdersyncError permission when this role may neither create nor write them
 */
export async function ensureLedger(session: Session, known?: Pick<Ledger, 'relations'>): Promise<void> {
  const { relations } = known ?? (await readHistory(session.sql));
  for (const relation of relations) {
    if (!relation.writable) throw forbidden(relation.name, 'write', 'insert, update, delete');
  }
  const found = new Set(relations.map((relation) => relation.name));
  if (found.size < 2) await requireCreate(session.sql);
  await Promise.all([
    found.has('schema_migrations') ? undefined : createLedger(session.sql),
    found.has('schema_migration_journal') ? undefined : createJournal(session.sql),
  ]);
}

async function requireCreate(sql: Sql): Promise<void> {
  const creatable = await mayCreateInPublic(sql);
  if (creatable === undefined) {
    throw new OrdersyncError('precondition', 'this database has no schema public, where the ledger lives', {
      hint: 'create schema public',
    });
  }
  if (creatable) return;
  throw new OrdersyncError('permission', 'this role may not create the ledger: it has no CREATE on schema public', {
    hint: 'connect as the owner of the database, or as its owner: grant create on schema public to <role>',
    sqlstate: '42501',
  });
}

function requireReadable(relation: RelationFacts): void {
  if (relation.name === 'schema_migrations' && relation.columns !== LEDGER_COLUMNS) {
    throw new OrdersyncError('precondition', 'public.schema_migrations is not an ordersync ledger', {
      hint: 'another tool seems to keep its records there; move that table to another schema, then record what is applied with: ordersync migrate baseline <version>',
      body: [`its columns: ${relation.columns}`, `expected:    ${LEDGER_COLUMNS}`],
    });
  }
  if (!relation.readable) throw forbidden(relation.name, 'read', 'select');
}

function forbidden(table: string, verb: string, privilege: string): OrdersyncError {
  return new OrdersyncError('permission', `this role may not ${verb} public.${table}`, {
    hint: `as its owner: grant ${privilege} on public.${table} to <role>; or connect as the owner`,
    sqlstate: '42501',
  });
}
