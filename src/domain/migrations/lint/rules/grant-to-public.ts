import { findWords, isWord } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';
import { rewritten } from '../fixes.ts';

export const grantToPublic: Rule = {
  id: 'grant-to-public',
  severity: 'high',
  why: 'every role of the server gets it, those of other applications and those made in the future too',
  check: ({ text, tokens }) => {
    // ALTER DEFAULT PRIVILEGES … GRANT … TO PUBLIC does it for everything that comes.
    const grants =
      isWord(tokens[0], 'grant') || (isWord(tokens[1], 'default') && findWords(tokens, 2, 'grant') !== undefined);
    const to = grants ? findWords(tokens, 1, 'to') : undefined;
    const role = to === undefined ? undefined : tokens.slice(to).find((token) => isWord(token, 'public'));
    if (role === undefined) return [];
    const fix = rewritten(text, [{ start: role.start, end: role.end, text: 'application_role' }]);
    return [{ at: role.start, message: 'a right is granted to public', fix: `${fix};` }];
  },
};
