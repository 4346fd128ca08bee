import { describe, expect, it } from 'vitest';
import { parseReport } from '../../../src/domain/reports/parse.ts';

const PATH = 'sql/monitor/dishes.stock.sql';

const file = (header: readonly string[], body = 'select 1 as n') =>
  parseReport(PATH, ['-- summary: what is in stock', ...header, body, ''].join('\n'));

describe('parseReport', () => {
  it('reads what a file is and what it needs', () => {
    expect(
      file([
        '-- description: One.',
        '-- description: Two.',
        '-- example: ordersync monitor dishes',
        '-- requires: extension pg_stat_statements',
        '-- requires: setting compute_query_id <> off',
        '-- requires: table public.dishes',
        '-- wants: role pg_read_all_stats  what others eat is hidden',
        '-- only: standby',
        '-- empty: nothing is left',
      ]),
    ).toMatchObject({
      noun: 'monitor',
      command: 'dishes',
      section: 'stock',
      summary: 'what is in stock',
      description: 'One. Two.',
      requires: [
        { kind: 'extension', name: 'pg_stat_statements' },
        { kind: 'setting', name: 'compute_query_id', operator: '<>', value: 'off' },
        { kind: 'table', name: 'public.dishes' },
      ],
      wants: [{ requirement: { kind: 'role', name: 'pg_read_all_stats' }, loss: 'what others eat is hidden' }],
      only: [{ kind: 'standby' }],
      empty: 'nothing is left',
    });
  });

  it('reads parameters, columns and rules with their types, units, choices and words', () => {
    const { params, columns, rules } = file([
      '-- param: sort text in price|name = price  what comes first',
      '-- param: least double precision ratio = 0.5  share from which it is a warning',
      '-- param: all boolean  the sold out too',
      '-- column: price numeric gauge  in won',
      '-- column: waited double precision gauge ms wide',
      '-- column: share double precision gauge ratio',
      '-- unknown: price = 0  nothing to judge by => wait',
      '-- warn: share >= :least and waited > 5min  late => cook faster',
    ]);
    expect(params).toMatchObject([
      { name: 'sort', type: 'text', choices: ['price', 'name'], default: 'price', help: 'what comes first' },
      { name: 'least', type: 'double precision', unit: 'ratio', default: '0.5' },
      { name: 'all', type: 'boolean', default: undefined },
    ]);
    expect(columns).toMatchObject([
      { name: 'price', help: 'in won' },
      { unit: 'ms', flags: ['wide'] },
      { unit: 'ratio' },
    ]);
    expect(rules).toEqual([
      {
        verdict: 'unknown',
        conditions: [{ column: 'price', operator: '=', operand: { value: 0 } }],
        reason: 'nothing to judge by',
        fix: 'wait',
      },
      {
        verdict: 'warning',
        conditions: [
          { column: 'share', operator: '>=', operand: { param: 'least' } },
          { column: 'waited', operator: '>', operand: { value: 300_000 } },
        ],
        reason: 'late',
        fix: 'cook faster',
      },
    ]);
  });

  it('keeps every body byte for byte, and knows where it begins', () => {
    const sql = 'select\n  $1 as n -- 주석';
    const found = file(
      ['-- param: baseline text  of before'],
      `-- body: when column pg_stat_io.reads and server >= 16\n${sql}\n-- body: otherwise\nselect 2\n\n-- body: snapshot\nselect '[]'`,
    );
    expect(found.bodies).toMatchObject([
      {
        sql,
        when: [
          { kind: 'column', relation: 'pg_stat_io', column: 'reads' },
          { kind: 'server', major: 16 },
        ],
      },
      { sql: 'select 2', when: [] },
    ]);
    expect(found.snapshot?.sql).toBe(`select '[]'`);
    for (const body of found.bodies)
      expect(found.text.slice(body.offset, body.offset + body.sql.length)).toBe(body.sql);
  });

  it.each([
    ['-- sumary: misspelt', 'is not a key'],
    ['-- param: least double precision', 'not of the form'],
    ['-- param: least float8  help', 'not of the form'],
    ['-- column: price money gauge', 'not of the form'],
    ['-- column: price numeric metre', 'not of the form'],
    ['-- warn: price is high', 'not of the form'],
    ['-- requires: luck', 'not of the form'],
    ['-- wants: role pg_monitor', 'not of the form'],
    ['-- fallback: perhaps', 'not of the form'],
  ])('refuses %s with its place', (line, why) => {
    expect(() => file([line])).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(new RegExp(`^${PATH}:2: .*${why}`)) }),
    );
  });

  it('refuses a file without a summary', () => {
    expect(() => parseReport(PATH, 'select 1')).toThrow(/needs one summary/);
  });
});
