/** The classes of characters that PostgreSQL's scanner tells apart (scan.l: space, ident_start, digit). */
const OTHER = 0;
export const [SPACE, WORD, DIGIT, QUOTE, DOUBLE_QUOTE, DOLLAR, BACKSLASH] = [1, 2, 3, 4, 5, 6, 7] as const;

/** The class of each ASCII character. Everything beyond ASCII belongs to names, as for the server (even U+00A0). */
const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[ \t\n\r\f\v]/.test(character)) return SPACE;
  if (/[A-Za-z_]/.test(character)) return WORD;
  if (/[0-9]/.test(character)) return DIGIT;
  if (character === "'") return QUOTE;
  if (character === '"') return DOUBLE_QUOTE;
  if (character === '$') return DOLLAR;
  return character === '\\' ? BACKSLASH : OTHER;
});

/** The class of a UTF-16 code unit. */
export function classOf(code: number): number {
  return code < 128 ? (CLASSES[code] ?? OTHER) : WORD;
}
