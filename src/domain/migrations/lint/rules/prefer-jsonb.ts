import { preferType } from '../defined-columns.ts';
import type { Rule } from '../finding.ts';

export const preferJsonb: Rule = {
  id: 'prefer-jsonb',
  severity: 'low',
  why: 'json has no equality operator: DISTINCT, GROUP BY and UNION over the column fail, and no index finds into it',
  check: (statement) =>
    preferType(statement, (type) => (/^json(?!b)/.test(type) ? type.replace(/^json/, 'jsonb') : undefined)),
};
