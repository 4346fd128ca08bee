import { isWord } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';
import { confirmed } from '../fixes.ts';
import { readName } from '../grammar.ts';

const ID = 'cluster';

export const cluster: Rule = {
  id: ID,
  severity: 'high',
  why: 'the table is rewritten under ACCESS EXCLUSIVE',
  check: ({ text, tokens }, { known }) => {
    const name = isWord(tokens[1], 'verbose') ? readName(text, tokens, 2)?.name : readName(text, tokens, 1)?.name;
    if (!isWord(tokens[0], 'cluster') || known.created.has(name?.key ?? '')) return [];
    const fix = confirmed(ID, 'the application is stopped, or the table is small', text);
    return [{ at: 0, message: `cluster rewrites ${name?.sql ?? 'every clustered table'}`, fix }];
  },
};
