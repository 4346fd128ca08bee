import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseScript } from '../../../../src/domain/migrations/file/script.ts';
import { emptySchema, learn } from '../../../../src/domain/migrations/lint/known-schema.ts';
import { RULES } from '../../../../src/domain/migrations/lint/rules.ts';
import { lintScript } from '../../../../src/domain/migrations/lint/run.ts';
import { readStatement } from '../../../../src/domain/migrations/lint/statement.ts';
import { COLUMNS } from './cases/columns.ts';
import { CONSTRAINTS } from './cases/constraints.ts';
import { INDEXES } from './cases/indexes.ts';
import { RIGHTS } from './cases/rights.ts';
import { ROWS } from './cases/rows.ts';
import { TABLES } from './cases/tables.ts';
import { useDatabase } from '../../../support/postgres.ts';

const CASES = [...COLUMNS, ...CONSTRAINTS, ...INDEXES, ...RIGHTS, ...ROWS, ...TABLES];

/** The text of a case, in which `-- applied` ends what ran long ago. */
function lint(text: string) {
  const at = text.indexOf('-- applied\n');
  const known = emptySchema();
  const before = parseScript('before', text.slice(0, Math.max(at, 0))).script;
  for (const statement of before.statements) learn(known, readStatement(statement), true);
  const { script, problems } = parseScript('001_x.up.sql', at === -1 ? text : text.slice(at));
  // What a migration file cannot hold outside the directive is the business of one rule.
  const complaints = problems.filter(({ message }) => !message.includes('cannot run inside a transaction'));
  expect(complaints.map(({ message }) => message)).toEqual([]);
  return lintScript(script, { direction: 'up', known });
}

function rulesOf(text: string): readonly string[] {
  return lint(text).map(({ rule }) => rule);
}

const database = useDatabase();

describe.each(CASES)('$rule', ({ rule, bad, safe }) => {
  test.each(bad)('fires: %s', (text) => {
    expect(rulesOf(text)).toContain(rule);
  });

  test.each(bad)('offers a form that it accepts: %s', (text) => {
    const finding = lint(text).find((candidate) => candidate.rule === rule);
    expect(finding?.fix).toMatch(/\S/);
    expect(rulesOf(finding?.fix ?? '')).not.toContain(rule);
  });

  test.each(bad)('offers SQL that the server can parse: %s', async (text) => {
    const fix = lint(text).find((candidate) => candidate.rule === rule)?.fix ?? '';
    // All of a message is parsed before its first statement runs, and that one fails.
    const outcome = database.current.sql.unsafe(`select 1 / 0; ${fix}`).simple();
    await expect(outcome).rejects.toMatchObject({ message: 'division by zero' });
  });

  test.each(bad)('is silent with a reason: %s', (text) => {
    const at = text.indexOf('-- applied\n') + '-- applied\n'.length;
    const suppression = `-- ordersync: lint-ignore=${rule} reason: measured, it takes 3 ms\n`;
    const suppressed = text.includes('-- applied\n')
      ? text.slice(0, at) + suppression + text.slice(at)
      : suppression + text;
    expect(rulesOf(suppressed)).not.toContain(rule);
  });

  test.each(safe)('accepts: %s', (text) => {
    expect(rulesOf(text)).not.toContain(rule);
  });
});

describe('the rules', () => {
  test('all have cases, and every file in rules/ is among them', () => {
    const files = readdirSync(new URL('../../../../src/domain/migrations/lint/rules/', import.meta.url));
    expect(RULES.map(({ id }) => id).toSorted()).toEqual(CASES.map(({ rule }) => rule).toSorted());
    expect(RULES).toHaveLength(files.length);
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
  });

  test('say why in one sentence', () => {
    for (const { why } of RULES) expect(why).toMatch(/^\S.*[^.\s]$/);
  });
});
