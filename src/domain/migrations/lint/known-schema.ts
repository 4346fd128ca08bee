import type { Token } from '../file/tokens.ts';
import { findWords, isWord, matchWords } from '../file/tokens.ts';
import type { ColumnDefinition, Name } from './grammar.ts';
import { insideParentheses, readName, textOf, typeKey } from './grammar.ts';
import type { Action, LintStatement } from './statement.ts';

/** What the files tell about the schema. Names are `Name.key`, columns `table.column`. */
export interface KnownSchema {
  /** Relations and types that come into being in this very run: nobody uses them yet. */
  readonly created: Set<string>;
  /** Of those, the ones that this run has written rows into. */
  readonly filled: Set<string>;
  readonly columnTypes: Map<string, string>;
  /** Tables with a CHECK constraint of their own. */
  readonly checked: Set<string>;
  /** `table.constraint` → column, for constraints that say `column is not null` and are not validated yet. */
  readonly unprovenNotNull: Map<string, string>;
  /** Columns whose NOT NULL a validated constraint proves. */
  readonly provenNotNull: Set<string>;
}

export function emptySchema(): KnownSchema {
  return {
    created: new Set(),
    filled: new Set(),
    columnTypes: new Map(),
    checked: new Set(),
    unprovenNotNull: new Map(),
    provenNotNull: new Set(),
  };
}

/** Takes in what a statement makes; `applied` statements have run before, so that what they create is in use. */
export function learn(known: KnownSchema, statement: LintStatement, applied: boolean): void {
  const { createTable, alterTable, text } = statement;
  if (createTable !== undefined) {
    for (const column of createTable.columns) learnColumn(known, createTable.table, column);
    if (createTable.constraints.some(hasCheck)) known.checked.add(createTable.table.key);
  }
  if (alterTable !== undefined) {
    for (const action of alterTable.actions) learnAction(known, text, alterTable.table, action);
  }
  if (!applied) learnCreated(known, statement);
}

function learnCreated(known: KnownSchema, { createTable, createIndex, alterTable, text, tokens }: LintStatement): void {
  const made = createTable?.table ?? createIndex?.name ?? createdName(text, tokens);
  if (made !== undefined) known.created.add(made.key);
  if (alterTable !== undefined && known.created.has(alterTable.table.key)) {
    for (const { tokens: action } of alterTable.actions) {
      const to = matchWords(action, 0, 'rename to');
      const renamed = to === undefined ? undefined : readName(text, action, to);
      if (renamed !== undefined) known.created.add(renamed.name.key);
    }
  }
  const written = matchWords(tokens, 0, 'insert into') ?? matchWords(tokens, 0, 'copy');
  const into = written === undefined ? undefined : readName(text, tokens, written);
  if (into !== undefined) known.filled.add(into.name.key);
}

function learnColumn(known: KnownSchema, table: Name, column: ColumnDefinition): void {
  known.columnTypes.set(`${table.key}.${column.name.last}`, typeKey(column.type));
}

function hasCheck(constraint: readonly Token[]): boolean {
  return findWords(constraint, 0, 'check') !== undefined;
}

function learnAction(known: KnownSchema, text: string, table: Name, action: Action): void {
  const { tokens, addedColumn, addedConstraint } = action;
  if (addedColumn !== undefined) learnColumn(known, table, addedColumn);
  const altered = matchWords(tokens, 0, 'alter column?');
  const column = altered === undefined ? undefined : readName(text, tokens, altered);
  const typeAt = column === undefined ? undefined : matchWords(tokens, column.next, 'set? data? type');
  if (column !== undefined && typeAt !== undefined) {
    const using = findWords(tokens, typeAt, 'using|collate');
    known.columnTypes.set(`${table.key}.${column.name.last}`, typeKey(tokens.slice(typeAt, using)));
  }
  if (addedConstraint?.kind === 'check') known.checked.add(table.key);
  if (addedConstraint !== undefined) learnNotNull(known, text, table, addedConstraint);
  const validated = matchWords(tokens, 0, 'validate constraint');
  const constraint = validated === undefined ? undefined : readName(text, tokens, validated);
  const proven = known.unprovenNotNull.get(`${table.key}.${constraint?.name.last ?? ''}`);
  if (proven !== undefined) known.provenNotNull.add(proven);
}

/** `check (a is not null)`, or `not null a` of PostgreSQL 18. */
function learnNotNull(
  known: KnownSchema,
  text: string,
  table: Name,
  added: NonNullable<Action['addedConstraint']>,
): void {
  const { definition, name, notValid, kind } = added;
  const condition = textOf(text, kind === 'check' ? insideParentheses(definition, 1) : definition);
  const pattern =
    kind === 'check' ? /^\(*\s*"?([^\s"()]+)"?\s+is\s+not\s+null\s*\)*$/i : /^not\s+null\s+"?([^\s"]+)"?/i;
  const column = kind === 'check' || kind === 'not' ? pattern.exec(condition)?.[1]?.toLowerCase() : undefined;
  if (column === undefined) return;
  if (notValid) known.unprovenNotNull.set(`${table.key}.${name?.last ?? ''}`, `${table.key}.${column}`);
  else known.provenNotNull.add(`${table.key}.${column}`);
}

const CREATED = 'create or? replace? recursive? materialized? view|type|sequence|domain|schema if? not? exists?';

function createdName(text: string, tokens: readonly Token[]): Name | undefined {
  if (!isWord(tokens[0], 'create')) return undefined;
  const at = matchWords(tokens, 0, CREATED);
  return at === undefined ? undefined : readName(text, tokens, at)?.name;
}
