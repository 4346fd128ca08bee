import type { Token } from '../file/tokens.ts';
import { isSymbol } from '../file/tokens.ts';

/** A possibly qualified name in a statement. */
export interface Name {
  /** For comparing: unquoted parts in lower case, without `public.`. */
  readonly key: string;
  /** As written, for a fix. */
  readonly sql: string;
  /** The last part, without quotes. */
  readonly last: string;
  readonly start: number;
}

/** Reads `a`, `a.b` or `"A".b` at `at`; `next` is the index of the token behind it. */
export function readName(
  text: string,
  tokens: readonly Token[],
  at: number,
): { readonly name: Name; readonly next: number } | undefined {
  const first = tokens[at];
  if (!isNameToken(first)) return undefined;
  let next = at + 1;
  while (isSymbol(tokens[next], '.') && isNameToken(tokens[next + 1])) next += 2;
  const parts = tokens.slice(at, next).filter(isNameToken);
  const last = parts.at(-1) ?? first;
  const key = parts.map(({ value }) => value).join('.');
  const name = {
    key: key.replace(/^public\./, ''),
    sql: text.slice(first.start, last.end),
    last: last.value,
    start: first.start,
  };
  return { name, next };
}

function isNameToken(token: Token | undefined): token is Token {
  return token?.kind === 'word' || token?.kind === 'quoted_name';
}

/** The pieces between commas that stand in no parentheses. */
export function splitAtCommas(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const pieces: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (isSymbol(token, '(') || isSymbol(token, '[')) depth += 1;
    if (isSymbol(token, ')') || isSymbol(token, ']')) depth -= 1;
    if (depth === 0 && isSymbol(token, ',')) pieces.push([]);
    else pieces.at(-1)?.push(token);
  }
  return pieces.filter((piece) => piece.length > 0);
}

/** The tokens between the parenthesis at `open` and the one that closes it. */
export function insideParentheses(tokens: readonly Token[], open: number): readonly Token[] {
  let depth = 0;
  for (let at = open; at < tokens.length; at += 1) {
    if (isSymbol(tokens[at], '(')) depth += 1;
    if (isSymbol(tokens[at], ')')) depth -= 1;
    if (depth === 0) return tokens.slice(open + 1, at);
  }
  return tokens.slice(open + 1);
}

/** The source text that a run of tokens covers. */
export function textOf(text: string, tokens: readonly Token[]): string {
  const [first] = tokens;
  return first === undefined ? '' : text.slice(first.start, tokens.at(-1)?.end);
}

/** A column as CREATE TABLE or ADD COLUMN writes it. */
export interface ColumnDefinition {
  readonly name: Name;
  /** Tokens of the type: `character varying ( 20 )`. */
  readonly type: readonly Token[];
  /** Everything behind it: defaults and constraints. */
  readonly rest: readonly Token[];
}

const AFTER_TYPE = new Set(
  `constraint not null default check unique primary references generated collate
   storage compression deferrable initially using options`.split(/\s+/),
);

/** Reads a column definition that starts at `at`. */
export function readColumn(text: string, tokens: readonly Token[], at: number): ColumnDefinition | undefined {
  const named = readName(text, tokens, at);
  if (named === undefined) return undefined;
  let end = named.next;
  let depth = 0;
  for (; end < tokens.length; end += 1) {
    const token = tokens[end];
    if (isSymbol(token, '(')) depth += 1;
    if (isSymbol(token, ')')) depth -= 1;
    if (depth === 0 && token?.kind === 'word' && AFTER_TYPE.has(token.value)) break;
  }
  return { name: named.name, type: tokens.slice(named.next, end), rest: tokens.slice(end) };
}

/** A type in one spelling, for comparing: `varchar(20)`, `timestamptz`. */
export function typeKey(type: readonly Token[]): string {
  const written = type
    .map(spelling)
    .join(' ')
    .replace(/ ?([(),[\]]) ?/g, '$1');
  return SYNONYMS.reduce((key, [pattern, replacement]) => key.replace(pattern, replacement), written);
}

/** "char" in quotes is another type, one byte long; any other name means the same with quotes and without. */
function spelling({ kind, value }: Token): string {
  return kind === 'quoted_name' && value === 'char' ? '"char"' : value.toLowerCase();
}

const SYNONYMS: readonly (readonly [RegExp, string])[] = [
  [/^pg_catalog ?\. ?/, ''],
  [/^character varying/, 'varchar'],
  [/^(?:character|bpchar)\b/, 'char'],
  [/^timestamp(\(\d+\))? ?without time zone$/, 'timestamp$1'],
  [/^timestamp(\(\d+\))? ?with time zone$/, 'timestamptz$1'],
  [/^(?:int|int4)$/, 'integer'],
  [/^int8$/, 'bigint'],
  [/^int2$/, 'smallint'],
  [/^decimal\b/, 'numeric'],
];
