import { findWords } from '../../file/tokens.ts';
import { preferType } from '../defined-columns.ts';
import type { Rule } from '../finding.ts';

export const preferBigintKey: Rule = {
  id: 'prefer-bigint-key',
  severity: 'low',
  why: 'an integer key ends at 2,147,483,647, and widening it later rewrites the table and all that refer to it',
  check: (statement) =>
    preferType(statement, (type, { rest }) => {
      const key = findWords(rest, 0, 'primary key') ?? findWords(rest, 0, 'as identity');
      return (type === 'integer' || type === 'smallint') && key !== undefined ? 'bigint' : undefined;
    }),
};
