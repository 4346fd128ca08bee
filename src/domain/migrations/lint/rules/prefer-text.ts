import { preferType } from '../defined-columns.ts';
import type { Rule } from '../finding.ts';

export const preferText: Rule = {
  id: 'prefer-text-over-char',
  severity: 'low',
  why: 'char(n) is padded with spaces, which comparing ignores and length() and the application do not; it saves nothing',
  check: (statement) =>
    preferType(statement, (type) =>
      /^char(?:\(\d+\))?(?:\[|$)/.test(type) ? type.replace(/^char(?:\(\d+\))?/, 'text') : undefined,
    ),
};
