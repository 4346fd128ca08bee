import type { Token } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';
import { rewritten } from '../fixes.ts';

/** NAMEDATALEN - 1, in bytes: 21 Hangul syllables. */
const MAX_NAME_BYTES = 63;

export const identifierTooLong: Rule = {
  id: 'identifier-too-long',
  severity: 'medium',
  why: 'the server cuts it to 63 bytes without an error; two names that differ behind that are one',
  check: ({ text, tokens }) =>
    tokens
      .filter((token) => token.kind === 'word' || token.kind === 'quoted_name')
      .filter(({ value }) => value.length > MAX_NAME_BYTES / 3 && Buffer.byteLength(value) > MAX_NAME_BYTES)
      .map((token) => ({
        at: token.start,
        message: `the name has ${Buffer.byteLength(token.value)} bytes, PostgreSQL keeps ${MAX_NAME_BYTES}`,
        fix: `${rewritten(text, [{ start: token.start, end: token.end, text: shortened(token) }])};`,
      })),
};

/** As the server would cut it, but said openly. */
function shortened({ value, kind }: Token): string {
  let short = value;
  while (Buffer.byteLength(short) > MAX_NAME_BYTES) short = Array.from(short).slice(0, -1).join('');
  return kind === 'word' ? short : `"${short.replaceAll('"', '""')}"`;
}
