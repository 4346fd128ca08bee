import type { Token } from '../file/tokens.ts';
import { isWord } from '../file/tokens.ts';

/** The statement with its semicolon, in a file of its own that runs outside a transaction. */
export function outsideTransaction(statement: string): string {
  return `-- ordersync: no-transaction\n${statement};`;
}

/** The same statement with the suppression it needs once a person has made sure; `reason` says of what. */
export function confirmed(rule: string, reason: string, statement: string): string {
  return `-- ordersync: lint-ignore=${rule} reason: ${reason}\n${statement};`;
}

/** A constraint that holds for new rows at once and is proven for the old ones later, under a lock that stops nobody. */
export function notValidFirst(table: string, constraint: string, definition: string): string {
  return `alter table ${table} add constraint ${constraint} ${definition} not valid;
-- in the next migration:
--   alter table ${table} validate constraint ${constraint};`;
}

/** A statement with pieces of its text replaced, such as a type; the spans must not overlap. */
export function rewritten(
  text: string,
  edits: readonly { readonly start: number; readonly end: number; readonly text: string }[],
): string {
  return edits
    .toSorted((left, right) => right.start - left.start)
    .reduce(
      (edited, { start, end, text: replacement }) => edited.slice(0, start) + replacement + edited.slice(end),
      text,
    )
    .replaceAll(/ {2,}/g, ' ');
}

/** The statement with CONCURRENTLY behind one of its keywords, outside a transaction; IF [NOT] EXISTS goes. */
export function concurrently(text: string, tokens: readonly Token[], keyword: string): string {
  const at = tokens.findIndex((token) => isWord(token, keyword));
  const end = tokens[at]?.end ?? 0;
  const ifAt = isWord(tokens[at + 1], 'if') ? at + 1 : undefined;
  const behind = ifAt === undefined ? undefined : tokens.slice(ifAt).findIndex((token) => isWord(token, 'exists'));
  const until = ifAt === undefined || behind === undefined ? end : (tokens[ifAt + behind]?.end ?? end);
  return outsideTransaction(rewritten(text, [{ start: end, end: until, text: ' concurrently' }]));
}
