import { matchWords } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';
import { confirmed } from '../fixes.ts';
import { readName } from '../grammar.ts';

const ID = 'truncate';

export const truncate: Rule = {
  id: ID,
  severity: 'high',
  why: 'all rows are gone, row triggers do not see it, and ACCESS EXCLUSIVE is held until the transaction ends',
  upOnly: true,
  check: ({ text, tokens }, { known }) => {
    const at = matchWords(tokens, 0, 'truncate table? only?');
    const name = at === undefined ? undefined : readName(text, tokens, at)?.name;
    if (name === undefined || known.created.has(name.key)) return [];
    const fix = confirmed(ID, 'the rows are derived and can be built again', text);
    return [{ at: 0, message: `${name.sql} is emptied`, fix }];
  },
};
