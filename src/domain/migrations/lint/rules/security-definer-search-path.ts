import { findWords, matchWords } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';
import { rewritten } from '../fixes.ts';

export const securityDefinerSearchPath: Rule = {
  id: 'security-definer-search-path',
  severity: 'high',
  why: 'it runs with its owner’s rights and its caller’s search_path: a caller can put a table or function of his own in front',
  check: ({ text, tokens }) => {
    const routine =
      matchWords(tokens, 0, 'create or? replace? function|procedure') ??
      matchWords(tokens, 0, 'alter function|procedure|routine');
    const at = routine === undefined ? undefined : findWords(tokens, routine, 'security definer');
    if (at === undefined || findWords(tokens, 0, 'set search_path') !== undefined) return [];
    const end = tokens[at + 1]?.end ?? text.length;
    const fix = rewritten(text, [{ start: end, end, text: ' set search_path = pg_catalog, public, pg_temp' }]);
    return [
      { at: tokens[at]?.start ?? 0, message: 'security definer without a search_path of its own', fix: `${fix};` },
    ];
  },
};
