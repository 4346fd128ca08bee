import { findWords, isWord, matchWords } from '../../file/tokens.ts';
import type { Hit, Rule } from '../finding.ts';
import { rewritten } from '../fixes.ts';

export const dropCascade: Rule = {
  id: 'drop-cascade',
  severity: 'high',
  why: 'it takes along whatever depends on the object on that server: foreign keys of other tables, views, policies',
  check: ({ text, tokens, alterTable }): readonly Hit[] => {
    const drops = matchWords(tokens, 0, 'drop|truncate') !== undefined;
    const actions = alterTable?.actions.filter(({ tokens: action }) => isWord(action[0], 'drop')) ?? [];
    if (!drops && actions.length === 0) return [];
    const token = drops
      ? tokens[findWords(tokens, 1, 'cascade') ?? tokens.length]
      : actions.map(({ tokens: action }) => action.at(-1)).find((last) => isWord(last, 'cascade'));
    if (token === undefined) return [];
    const without = rewritten(text, [{ start: token.start, end: token.end, text: '' }]).trimEnd();
    const fix = commented(without);
    return [{ at: token.start, message: `${tokens[0]?.value ?? 'drop'} … cascade`, fix }];
  },
};

function commented(statement: string): string {
  return `-- name every dependent object in a statement of its own, before:\n${statement};`;
}
