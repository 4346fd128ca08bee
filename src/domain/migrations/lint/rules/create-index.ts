import type { Rule } from '../finding.ts';
import { concurrently } from '../fixes.ts';

export const createIndex: Rule = {
  id: 'create-index-without-concurrently',
  severity: 'high',
  why: 'building an index holds SHARE on the table: every insert, update and delete waits until it is built',
  check: ({ createIndex, text, tokens }, { known }) => {
    if (createIndex === undefined || createIndex.concurrently || known.created.has(createIndex.table.key)) return [];
    const message = `the index on ${createIndex.table.sql} is built without concurrently`;
    return [{ at: 0, message, fix: concurrently(text, tokens, 'index') }];
  },
};
