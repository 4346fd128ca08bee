import { describe, expect, test } from 'vitest';
import { checkRanges } from '../../../src/domain/partitions/check/ranges.ts';
import { missingMonths, planTable } from '../../../src/domain/partitions/ensure/plan.ts';
import type { Month } from '../../../src/domain/partitions/month.ts';
import { monthOfRange, monthsFrom, monthsLater, parseMonth } from '../../../src/domain/partitions/month.ts';
import type { Partition, PartitionKind, TableState } from '../../../src/domain/partitions/table.ts';

const NOTHING = { occupied: false, rowsIn: () => 0 };
const month = (text: string): Month => parseMonth(text);
const at = (text: string): number => Date.parse(text);

/** A partition from one instant to another; dates are UTC midnights. */
function range(name: string, from: string | number, to: string | number, kind: PartitionKind = 'odd'): Partition {
  const [start, end] = [from, to].map((end_) => (typeof end_ === 'number' ? end_ : at(end_)));
  const found = monthOfRange(start ?? 0, end ?? 0);
  const facts = { oid: name, schema: 'public', bound: '', pending: false, rows: 0, bytes: 0n };
  return { ...facts, name, start: start ?? 0, end: end ?? 0, month: found, kind: found === undefined ? kind : 'month' };
}

function table(...partitions: Partition[]): TableState {
  const key = { column: 'created_at', byId: false };
  const facts = { oid: '1', schema: 'public', name: 'logs', owned: true, unsupported: undefined };
  return { ...facts, key, partitions, references: [], referencedBy: [] };
}

const under = (to: string) => range('logs_underflow', -Infinity, to, 'underflow');
const over = (from: string) => range('logs_overflow', from, Infinity, 'overflow');
const MAY = range('logs_y2026m05', '2026-05-01', '2026-06-01');

describe('months', () => {
  test.each(['2026-13', '2026-00', '26-01', '2026-1', '1970-01', 'now', ''])('%j is none', (text) => {
    expect(() => parseMonth(text)).toThrow('is not a month');
  });

  test('go on over the turn of a year, and leap years', () => {
    expect(monthsFrom(month('2027-11'), month('2028-03'))).toEqual([
      '2027-11',
      '2027-12',
      '2028-01',
      '2028-02',
      '2028-03',
    ]);
    expect(monthsLater(month('2026-01'), -13)).toBe('2024-12');
    expect(monthOfRange(at('2028-02-01'), at('2028-03-01'))).toBe('2028-02');
    expect(monthOfRange(at('2026-02-01'), at('2026-02-28'))).toBeUndefined();
  });
});

describe('the months to make', () => {
  test.each([
    ['none', table(under('2026-05-01'), MAY, over('2026-06-01')), '2026-05', '2026-05', []],
    [
      'those ahead, nearest first',
      table(under('2026-05-01'), MAY, over('2026-06-01')),
      '2026-05',
      '2026-07',
      ['2026-06', '2026-07'],
    ],
    [
      'those between too',
      table(under('2026-05-01'), MAY, over('2026-06-01')),
      '2026-08',
      '2026-08',
      ['2026-06', '2026-07', '2026-08'],
    ],
    [
      'past ones, latest first',
      table(under('2026-05-01'), MAY, over('2026-06-01')),
      '2026-03',
      '2026-03',
      ['2026-04', '2026-03'],
    ],
    [
      'a hole before the rest',
      table(under('2026-04-01'), MAY, over('2026-06-01')),
      '2026-04',
      '2026-06',
      ['2026-04', '2026-06'],
    ],
    ['all of an empty table', table(), '2026-05', '2026-06', ['2026-05', '2026-06']],
    [
      'not what a longer range holds',
      table(range('logs_legacy', '1970-01-01', '2026-06-01')),
      '2026-05',
      '2026-06',
      ['2026-06'],
    ],
  ])('are %s', (_what, state, from, to, expected) => {
    expect(missingMonths(state, { from: month(from), to: month(to) })).toEqual(expected);
  });

  test('stop at one whose rows would hold the locks too long; the nearer ones are made', () => {
    const state = table(under('2026-05-01'), MAY, over('2026-06-01'));
    const rows = { occupied: true, rowsIn: (wanted: Month) => (wanted === '2026-07' ? 1001 : 0) };
    const plan = planTable(state, { from: month('2026-05'), to: month('2026-08') }, rows);
    expect(plan.steps.map((step) => step.month)).toEqual(['2026-06']);
    expect(plan.problem?.message).toContain('2026-07: more than 1000 of its rows lie in logs_overflow');
  });

  test('are none beside a range that holds a part of a month, a DEFAULT, or an unfinished detach', () => {
    const span = { from: month('2026-05'), to: month('2026-08') };
    const seoul = range('logs_seoul', '2026-05-31T15:00Z', '2026-06-30T15:00Z');
    const states = [
      table(seoul),
      table(MAY, { ...MAY, name: 'logs_rest', kind: 'default', month: undefined, start: Number.NaN, end: Number.NaN }),
      table({ ...MAY, pending: true }),
    ];
    expect(
      states.map((state) => planTable(state, span, NOTHING)).map(({ steps, problem }) => [steps, problem?.message]),
    ).toEqual([
      [[], 'logs_seoul holds only part of a month: from 2026-05-31T15:00Z to 2026-06-30T15:00Z'],
      [[], expect.stringContaining('logs_rest is a DEFAULT partition')],
      [[], 'the detach of logs_y2026m05 is unfinished'],
    ]);
  });
});

describe('ranges', () => {
  const now = at('2026-05-20');
  const found = (state: TableState, minAhead = 0) =>
    checkRanges(state, { now, minAhead })
      .filter(({ verdict }) => verdict !== 'ok')
      .map(({ check, verdict, evidence }) => [check, verdict, evidence]);

  test('of a good table have nothing wrong', () => {
    expect(found(table(under('2026-05-01'), MAY, over('2026-06-01')))).toEqual([]);
  });

  test.each([
    [1, 'critical', '12 days of months ahead, until 2026-06-01T00:00Z'],
    [2, 'critical', '12 days of months ahead, until 2026-06-01T00:00Z'],
  ])('that end this month are short of %i months ahead', (minAhead, verdict, evidence) => {
    expect(found(table(under('2026-05-01'), MAY, over('2026-06-01')), minAhead)).toEqual([
      ['runway', verdict, evidence],
    ]);
  });

  test('that reach the next month, but not the one after it, are worth a warning', () => {
    const june = range('logs_y2026m06', '2026-06-01', '2026-07-01');
    expect(found(table(under('2026-05-01'), MAY, june, over('2026-07-01')), 2)).toEqual([
      ['runway', 'warning', '42 days of months ahead, until 2026-07-01T00:00Z'],
    ]);
  });

  test('with a hole, an overlap, or a month of another zone are named', () => {
    const seoul = range('logs_y2026m06', '2026-05-31T15:00Z', '2026-06-30T15:00Z');
    expect(found(table(under('2026-04-01'), MAY, seoul, over('2026-07-01')))).toEqual([
      ['hole', 'critical', 'from 2026-04-01T00:00Z to 2026-05-01T00:00Z every INSERT fails'],
      ['hole', 'critical', 'from 2026-06-30T15:00Z to 2026-07-01T00:00Z every INSERT fails'],
      ['overlap', 'critical', 'begins at 2026-05-31T15:00Z, before logs_y2026m05 ends at 2026-06-01T00:00Z'],
      ['time-zone', 'critical', 'from 2026-05-31T15:00Z to 2026-06-30T15:00Z is a month in the time zone +09:00'],
    ]);
  });

  test('of half a month are no month of any zone', () => {
    const half = range('logs_half', '2026-06-01', '2026-06-15');
    expect(found(table(under('2026-05-01'), MAY, half, over('2026-06-15')))).toEqual([
      ['bounds', 'critical', 'from 2026-06-01T00:00Z to 2026-06-15T00:00Z is no month in UTC'],
    ]);
  });
});
