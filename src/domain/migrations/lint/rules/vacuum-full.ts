import { isWord } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';
import { outsideTransaction, rewritten } from '../fixes.ts';

export const vacuumFull: Rule = {
  id: 'vacuum-full',
  severity: 'high',
  why: 'the table is rewritten under ACCESS EXCLUSIVE, and needs its size again on disk meanwhile',
  check: ({ text, tokens }) => {
    const full = tokens.find((token) => isWord(token, 'full'));
    if (!isWord(tokens[0], 'vacuum') || full === undefined) return [];
    const plain = rewritten(text, [{ start: full.start, end: full.end, text: '' }]).replace(/\( ?,? ?\)/, '');
    return [{ at: full.start, message: 'vacuum full', fix: outsideTransaction(plain.replace('(, ', '(')) }];
  },
};
