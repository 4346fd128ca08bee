import { findWords, isWord, matchWords } from '../../file/tokens.ts';
import type { Hit, Rule } from '../finding.ts';
import { readName } from '../grammar.ts';

export const writeWithoutWhere: Rule = {
  id: 'write-without-where',
  severity: 'high',
  why: 'every row is locked and written anew in one transaction: writers wait, the table doubles, replicas fall behind',
  check: ({ text, tokens }, { known }): readonly Hit[] => {
    const at = matchWords(tokens, 0, 'update only?') ?? matchWords(tokens, 0, 'delete from only?');
    const name = at === undefined ? undefined : readName(text, tokens, at)?.name;
    if (name === undefined || known.created.has(name.key)) return [];
    if (findWords(tokens, 1, 'where') !== undefined) return [];
    const verb = isWord(tokens[0], 'update') ? 'update' : 'delete';
    const fix = `-- one batch; a job repeats it until no row is left
${text} where ctid = any (array(select ctid from ${name.sql} where true /* and not done yet */ limit 1000));`;
    return [{ at: 0, message: `${verb} of all rows of ${name.sql}`, fix }];
  },
};
