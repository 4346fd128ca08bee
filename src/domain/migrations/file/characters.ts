/** The classes of characters that PostgreSQL's scanner tells apart (scan.l: space, ident_start, digit). */
const OTHER = 0;
export const [SPACE, WORD, DIGIT, QUOTE, DOUBLE_QUOTE, DOLLAR, BACKSLASH] = [1, 2, 3, 4, 5, 6, 7] as const;

/** The class of each ASCII character. Everything beyond ASCII belongs to names, as for the server (even U+00A0). */
const CLASSES = new Uint8Array(128);
for (const [characters, kind] of [
  [' \t\n\r\f\v', SPACE],
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_', WORD],
  ['0123456789', DIGIT],
  ["'", QUOTE],
  ['"', DOUBLE_QUOTE],
  ['$', DOLLAR],
  ['\\', BACKSLASH],
] as const) {
  for (const character of characters) CLASSES[character.charCodeAt(0)] = kind;
}

/** The class of a UTF-16 code unit. */
export function classOf(code: number): number {
  return code < 128 ? (CLASSES[code] ?? OTHER) : WORD;
}
