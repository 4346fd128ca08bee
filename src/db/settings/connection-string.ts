import { parseKeywords } from './keywords.ts';
import { settingError } from './setting-error.ts';
import { parseUri } from './uri.ts';

/** Keyword to value, as written; keywords are checked by the caller. */
export type Parameters = Map<string, string>;

const URI = /^postgres(?:ql)?:\/\//;

export function looksLikeConnectionString(text: string): boolean {
  return URI.test(text) || text.includes('=');
}

/**
 * Reads either of libpq's two forms: `postgres://user@host:5432/name?sslmode=require` or `host=… dbname='…'`.
 * Source: PostgreSQL 18 documentation, section "Connection Strings".
 */
export function parseConnectionString(text: string, origin: string): Parameters {
  const trimmed = text.trim();
  if (URI.test(trimmed)) return parseUri(trimmed.replace(URI, ''), origin);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed)) {
    throw settingError(origin, 'the URL is not one of PostgreSQL', 'it starts with postgres:// or postgresql://');
  }
  if (trimmed.includes('=')) return parseKeywords(trimmed, origin);
  throw settingError(
    origin,
    'this is not a connection string',
    "write postgres://user@host:5432/name, or host=… dbname=…; a database's name alone goes into --dbname",
  );
}
