/** What slow-queries.sql looks for; a name may follow. */
const BEGINNING = '/* ordersync ';

/**
 * From version 16 on pg_stat_statements counts COMMIT, ROLLBACK and each kind of BEGIN as one statement for everybody, under
 * the words of whoever came first: with a tag of ours the application's slow commits would be out of sight.
 */
const TRANSACTION_CONTROL = /^\s*(?:begin|commit|rollback)\b/i;

/** At the end and within 64 characters, because a text may speak of tags in a literal; names have no star in them. */
const TAGGED = /\/\* ordersync [^*]*\*\/\s*$/;

/**
 * Marks one statement as this program's own, so that reports on statements can leave it out. At its end: PostgreSQL 18
 * drops a comment at the beginning, and positions in errors stay as they are. On a line of its own, because the statement
 * may end in a comment. Not behind a semicolon: what comes after it belongs to no statement.
 */
export function tagged(statement: string, name?: string): string {
  if (TRANSACTION_CONTROL.test(statement) || TAGGED.test(statement.slice(-64))) return statement;
  return `${statement}\n${BEGINNING}${name === undefined ? '' : `${name} `}*/`;
}

/**
 * The same for the pieces between the parameters of a query. A template's pieces are one object for each place in the
 * program, so their tagged form is made once.
 */
export function createTagger(): (pieces: readonly string[]) => readonly string[] {
  const templates = new WeakMap<readonly string[], readonly string[]>();
  return (pieces) => {
    if (!('raw' in pieces)) return pieces.map((piece) => tagged(piece));
    const known = templates.get(pieces);
    if (known !== undefined) return known;
    const made = taggedPieces(pieces);
    templates.set(pieces, made);
    return made;
  };
}

function taggedPieces(pieces: readonly string[]): readonly string[] {
  const last = pieces.at(-1) ?? '';
  if (TRANSACTION_CONTROL.test(pieces[0] ?? '')) return pieces;
  return [...pieces.slice(0, -1), tagged(last)];
}
