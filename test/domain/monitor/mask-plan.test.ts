import { describe, expect, it } from 'vitest';
import { maskPlan } from '../../../src/domain/monitor/mask-plan.ts';

describe('maskPlan', () => {
  it.each([
    ["  Filter: (email = 'kim@example.kr'::text)", '  Filter: (email = ?::text)'],
    ["  Filter: ((name)::text = '김하늘'::text)", '  Filter: ((name)::text = ?::text)'],
    ["  Filter: (name = ANY ('{kim,\"o''neil\"}'::text[]))", '  Filter: (name = ANY (?::text[]))'],
    ["  Filter: (note = 'it''s -- /* \\'::text)", '  Filter: (note = ?::text)'],
    [String.raw`  Filter: (note = E'a\'b')`, '  Filter: (note = ?)'],
    ['  Filter: (body = $tag$x$tag$)', '  Filter: (body = ?)'],
    ['  Filter: (flags = B\'1010\'::"bit")', '  Filter: (flags = ?::"bit")'],
    ['  Index Cond: ((id > 4711) AND (price <= 19.90))', '  Index Cond: ((id > ?) AND (price <= ?))'],
    ["  Index Cond: (id = '-5'::integer)", '  Index Cond: (id = ?::integer)'],
    ["  Filter: (code = 'x'::character varying(10))", '  Filter: (code = ?::character varying(?))'],
    ["  Sampling: system ('10'::real)", '  Sampling: system (?::real)'],
  ])('of %j leaves %j', (line, masked) => {
    expect(maskPlan([line])).toEqual([masked]);
  });

  it('leaves what the planner says itself, parameters and names', () => {
    const plan = [
      'Gather  (cost=1000.00..11614.43 rows=1 width=4)',
      '  Workers Planned: 2',
      '  InitPlan 1 (returns $0)',
      '  ->  Parallel Seq Scan on orders_2026_01 o  (cost=0.00..10614.33 rows=1 width=4)',
      '        Filter: ((id = $1) AND (NOT (hashed SubPlan 2)) AND ("주문" = (InitPlan 3).col1))',
      '        SubPlan 2',
      'JIT:',
      '  Functions: 5',
    ];
    expect(maskPlan(plan)).toEqual(plan);
  });

  it('shows nothing of a literal that runs over several lines, and nothing of one that is cut off', () => {
    expect(
      maskPlan(["Filter: (note = '첫 줄", 'cost=1 secret', "end'::text)", 'Sort  (cost=1.00..2.00 rows=3 width=4)']),
    ).toEqual(['Filter: (note = ?::text)', 'Sort  (cost=1.00..2.00 rows=3 width=4)']);
    expect(maskPlan(["Filter: (note = 'cut", 'secret'])).toEqual(['Filter: (note = ?']);
  });

  it('does not take a literal for an estimate because it looks like one', () => {
    const [line] = maskPlan(["  Filter: (note = '(cost=1.00..2.00 rows=3 width=4711)"]);
    expect(line).toBe('  Filter: (note = ?');
  });
});
