import { OrdersyncError } from '../errors.ts';

export interface QualifiedName {
  readonly schema: string | undefined;
  readonly name: string;
}

/** Always in quotes: which words need them differs between server versions. */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0'))
    throw new OrdersyncError('usage', 'a name cannot be empty or contain a zero byte');
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."name"`, or `"name"` alone. */
export function quoteQualified({ schema, name }: QualifiedName): string {
  return schema === undefined ? quoteIdentifier(name) : `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** A string constant that means the same under either standard_conforming_strings. For text that is shown, not sent. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}

/**
 * Reads `orders`, `public.orders` or `"Öffentlich"."my.table"` as the server does: folded to lower case outside quotes.
 * @throws OrdersyncError `usage` for anything else
 */
export function parseQualifiedName(text: string): QualifiedName {
  const parts = /^\s*(?:(PART)\s*\.\s*)?(PART)\s*$/.source.replaceAll(
    'PART',
    String.raw`"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*`,
  );
  const [, schema, name] = new RegExp(parts, 'u').exec(text) ?? [];
  if (name === undefined) {
    throw new OrdersyncError('usage', `"${text}" is not the name of a table`, {
      hint: 'write name or schema.name, with double quotes round parts that are not plain lower-case words',
    });
  }
  return { schema: schema === undefined ? undefined : unquoteIdentifier(schema), name: unquoteIdentifier(name) };
}

/** The server folds ASCII letters only in a multi-byte encoding, so that Ä stays Ä. */
function unquoteIdentifier(part: string): string {
  if (part.startsWith('"')) return part.slice(1, -1).replaceAll('""', '"');
  return part.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
