import { matchWords } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';
import { confirmed } from '../fixes.ts';
import { readName } from '../grammar.ts';

const ID = 'drop-table';

export const dropTable: Rule = {
  id: ID,
  severity: 'high',
  why: 'all rows are gone for good, and instances that still use it fail',
  upOnly: true,
  check: ({ text, tokens }, { known }) => {
    const at = matchWords(tokens, 0, 'drop foreign? table|schema|database|owned if? exists?');
    if (at === undefined) return [];
    const name = readName(text, tokens, matchWords(tokens, at, 'by') ?? at)?.name;
    if (name === undefined || known.created.has(name.key)) return [];
    const fix = confirmed(ID, 'no released version uses it, and its data is in the backup of <date>', text);
    return [{ at: 0, message: `${name.sql} is dropped with everything in it`, fix }];
  },
};
