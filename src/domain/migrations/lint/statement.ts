import type { Statement } from '../file/split.ts';
import type { Token } from '../file/tokens.ts';
import { findWords, isSymbol, isWord, matchWords, tokensOf } from '../file/tokens.ts';
import type { ColumnDefinition, Name } from './grammar.ts';
import { insideParentheses, readColumn, readName, splitAtCommas } from './grammar.ts';

/** A statement, read as far as rules need it. */
export interface LintStatement extends Statement {
  readonly tokens: readonly Token[];
  readonly alterTable?: AlterTable;
  readonly createTable?: CreateTable;
  readonly createIndex?: CreateIndex;
}

export interface AlterTable {
  readonly table: Name;
  /** The actions between commas: `add column a int`, `drop column b`. */
  readonly actions: readonly Action[];
}

export interface Action {
  readonly tokens: readonly Token[];
  readonly addedColumn?: ColumnDefinition;
  readonly addedConstraint?: AddedConstraint;
}

export interface AddedConstraint {
  readonly name?: Name;
  readonly kind: 'check' | 'unique' | 'primary' | 'foreign' | 'exclude' | 'not';
  readonly notValid: boolean;
  readonly usingIndex: boolean;
  /** From the keyword on: `check ( a > 0 )`. */
  readonly definition: readonly Token[];
}

export interface CreateTable {
  readonly table: Name;
  readonly temporary: boolean;
  readonly parent?: Name;
  readonly columns: readonly ColumnDefinition[];
  /** Table constraints and LIKE clauses. */
  readonly constraints: readonly (readonly Token[])[];
}

export interface CreateIndex {
  readonly table: Name;
  readonly name?: Name;
  readonly unique: boolean;
  readonly concurrently: boolean;
  readonly ifNotExists: boolean;
}

export function readStatement(statement: Statement): LintStatement {
  const tokens = tokensOf(statement.text);
  const first = tokens[0];
  const base = { ...statement, tokens };
  if (isWord(first, 'alter')) {
    const alterTable = readAlterTable(statement.text, tokens);
    return alterTable === undefined ? base : { ...base, alterTable };
  }
  if (!isWord(first, 'create')) return base;
  const createIndex = readCreateIndex(statement.text, tokens);
  if (createIndex !== undefined) return { ...base, createIndex };
  const createTable = readCreateTable(statement.text, tokens);
  return createTable === undefined ? base : { ...base, createTable };
}

function readAlterTable(text: string, tokens: readonly Token[]): AlterTable | undefined {
  const at = matchWords(tokens, 0, 'alter foreign? table if? exists? only?');
  const named = at === undefined ? undefined : readName(text, tokens, at);
  if (named === undefined) return undefined;
  const from = isSymbol(tokens[named.next], '*') ? named.next + 1 : named.next;
  const actions = splitAtCommas(tokens.slice(from)).map((action) => readAction(text, action));
  return { table: named.name, actions };
}

const CONSTRAINT_KINDS = ['check', 'unique', 'primary', 'foreign', 'exclude', 'not'] as const;

function readAction(text: string, tokens: readonly Token[]): Action {
  if (!isWord(tokens[0], 'add')) return { tokens };
  const constraint = readAddedConstraint(text, tokens);
  if (constraint !== undefined) return { tokens, addedConstraint: constraint };
  const column = readColumn(text, tokens, matchWords(tokens, 0, 'add column? if? not? exists?') ?? 1);
  return column === undefined ? { tokens } : { tokens, addedColumn: column };
}

function readAddedConstraint(text: string, tokens: readonly Token[]): AddedConstraint | undefined {
  const named = isWord(tokens[1], 'constraint') ? readName(text, tokens, 2) : undefined;
  const at = named?.next ?? 1;
  const kind = CONSTRAINT_KINDS.find((candidate) => isWord(tokens[at], candidate));
  if (kind === undefined) return undefined;
  return {
    kind,
    ...(named === undefined ? {} : { name: named.name }),
    notValid: findWords(tokens, at, 'not valid') !== undefined,
    usingIndex: findWords(tokens, at, 'using index') !== undefined && kind !== 'exclude',
    definition: tokens.slice(at),
  };
}

function readCreateTable(text: string, tokens: readonly Token[]): CreateTable | undefined {
  const pattern = 'create global|local? temporary|temp? unlogged? foreign? table if? not? exists?';
  const at = matchWords(tokens, 0, pattern);
  const named = at === undefined ? undefined : readName(text, tokens, at);
  if (named === undefined) return undefined;
  const parentAt = matchWords(tokens, named.next, 'partition of');
  const parent = parentAt === undefined ? undefined : readName(text, tokens, parentAt);
  const open = parent?.next ?? named.next;
  const elements = isSymbol(tokens[open], '(') ? splitAtCommas(insideParentheses(tokens, open)) : [];
  const constraints = elements.filter(isConstraint);
  const columns = elements.filter((element) => !isConstraint(element));
  return {
    table: named.name,
    temporary: tokens.slice(0, at).some((token) => isWord(token, 'temporary') || isWord(token, 'temp')),
    ...(parent === undefined ? {} : { parent: parent.name }),
    columns: columns.flatMap((element) => readColumn(text, element, 0) ?? []),
    constraints,
  };
}

function isConstraint(element: readonly Token[]): boolean {
  return matchWords(element, 0, 'constraint|check|unique|primary|foreign|exclude|like') !== undefined;
}

function readCreateIndex(text: string, tokens: readonly Token[]): CreateIndex | undefined {
  const index = matchWords(tokens, 0, 'create unique? index');
  if (index === undefined) return undefined;
  const concurrently = isWord(tokens[index], 'concurrently');
  const at = matchWords(tokens, index, 'concurrently? if? not? exists?') ?? index;
  const named = isWord(tokens[at], 'on') ? undefined : readName(text, tokens, at);
  const onAt = matchWords(tokens, named?.next ?? at, 'on only?');
  const table = onAt === undefined ? undefined : readName(text, tokens, onAt);
  if (table === undefined) return undefined;
  return {
    table: table.name,
    ...(named === undefined ? {} : { name: named.name }),
    unique: isWord(tokens[1], 'unique'),
    concurrently,
    ifNotExists: matchWords(tokens, index, 'concurrently? if not exists') !== undefined,
  };
}
