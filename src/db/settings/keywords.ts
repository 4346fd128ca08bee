import type { Parameters } from './connection-string.ts';
import { assertKeyword } from './parameters.ts';
import { settingError } from './setting-error.ts';

/** One `keyword = value`: the value bare or in quotes, \ before any character that stands for itself. */
const PAIR = /\s*([^\s=]+)\s*=\s*(?:'((?:\\[\s\S]|[^'\\])*)'|((?:\\[\s\S]|[^\s\\'])(?:\\[\s\S]|[^\s\\])*)|)(?=\s|$)/y;

/** Reads `host=localhost port=5432 dbname='my db'`. The order of repeated keywords decides: the last counts, as in libpq. */
export function parseKeywords(text: string, origin: string): Parameters {
  const found: Parameters = new Map();
  const pattern = new RegExp(PAIR);
  while (pattern.lastIndex < text.trimEnd().length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw malformed(text.slice(at), origin);
    const [, keyword = '', quoted, bare] = match;
    assertKeyword(keyword, origin);
    found.set(keyword, (quoted ?? bare ?? '').replace(/\\([\s\S])/g, '$1'));
  }
  return found;
}

function malformed(rest: string, origin: string): Error {
  const keyword = /^\s*([a-z_]+)\s*=/.exec(rest)?.[1];
  return settingError(
    origin,
    keyword === undefined
      ? 'the connection string has a word without "="'
      : `the value of "${keyword}" in the connection string does not end where it should`,
    "put values with blanks into single quotes, and write \\' and \\\\ for a quote and a backslash",
  );
}
