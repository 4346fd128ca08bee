import { preferType } from '../defined-columns.ts';
import type { Rule } from '../finding.ts';

export const preferIdentity: Rule = {
  id: 'prefer-identity',
  severity: 'low',
  why: 'the sequence of a serial has rights and a name of its own, and nothing stops an application from writing any number',
  check: (statement) =>
    preferType(statement, (type) => {
      if (!/^(?:small|big)?serial\d?$/.test(type)) return undefined;
      return 'bigint generated always as identity';
    }),
};
