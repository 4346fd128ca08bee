import type { Rule } from '../finding.ts';

export const createPartitionOf: Rule = {
  id: 'create-partition-of',
  severity: 'high',
  why: 'it takes ACCESS EXCLUSIVE on the parent, so every query of the whole table waits; ATTACH takes SHARE UPDATE EXCLUSIVE',
  check: ({ createTable, text }, { known }) => {
    const parent = createTable?.parent;
    if (createTable === undefined || parent === undefined || known.created.has(parent.key)) return [];
    const { table } = createTable;
    const bound = /\bfor\s+values\b[^]*$|\bdefault\s*$/i.exec(text)?.[0] ?? '';
    const fix = `create table ${table.sql} (like ${parent.sql} including all);
alter table ${parent.sql} attach partition ${table.sql} ${bound};`;
    return [{ at: 0, message: `${table.sql} is created as a partition of ${parent.sql}`, fix }];
  },
};
