import { preferType } from '../defined-columns.ts';
import type { Rule } from '../finding.ts';

export const preferTimestamptz: Rule = {
  id: 'prefer-timestamptz',
  severity: 'low',
  why: 'without a time zone it is no point in time: the same row means nine hours more or less by who reads it',
  check: (statement) =>
    preferType(statement, (type) =>
      /^timestamp(?!tz)/.test(type) ? type.replace(/^timestamp/, 'timestamptz') : undefined,
    ),
};
