import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import type { ScreenFrame } from '../../src/output/report.ts';
import { renderScreen } from '../../src/output/screen.ts';

const FRAME: ScreenFrame = {
  facts: [
    { name: 'ordersync', value: '주문 at 127.0.0.1:5432' },
    { name: 'up', value: 7_500_000, type: 'ms' },
    { name: 'hits', value: 0.991, type: 'ratio' },
    { name: 'oldest transaction', value: null, type: 'ms' },
  ],
  notes: ['activity, every 2 s', 'warning: \u001b[31ma long transaction keeps its locks'],
  columns: [
    { name: 'pid', type: 'integer' },
    { name: 'running_ms', type: 'ms' },
    { name: 'query' },
    { name: 'table' },
    { name: 'secret', wide: true },
  ],
  rows: Array.from({ length: 40 }, (_, index) => ({
    pid: 1000 + index,
    running_ms: index * 1000,
    query: `select 메뉴, 가격\n  from "주문 내역" where id = $${index}`,
    table: 'public."주문 내역"',
    secret: 'hidden',
  })),
  empty: 'nothing runs',
  keys: 'q quit  1 activity  2 blocking  3 statements  4 tables  s sort  space pause  +/-',
};

const size = (width: number, rows: number) => ({ rows, terminal: { isTTY: true, width, color: false, unicode: true } });

describe('renderScreen', () => {
  it.each([
    [20, 5],
    [60, 24],
    [80, 24],
    [200, 60],
  ])('fills a terminal of %i columns and %i rows, and never more', async (width, rows) => {
    const lines = await renderScreen(FRAME, size(width, rows));
    expect(lines).toHaveLength(rows);
    expect(lines.filter((line) => stringWidth(line) > width)).toEqual([]);
    expect(lines.join('\n')).not.toMatch(/\p{Cc}\[|hidden/u);
    expect(lines.at(-1)).toMatch(/^q quit/);
  });

  it('puts as many facts in a line as there is room for, and columns away from the right when there is not', async () => {
    const wide = await renderScreen(FRAME, size(200, 20));
    expect(wide[0]).toBe('ordersync 주문 at 127.0.0.1:5432   up 2 h 05 min   hits 99.1 %   oldest transaction -');
    expect(wide[1]).toBe('activity, every 2 s');
    expect(wide[4]).toMatch(/^ pid  running  query +table$/);
    const narrow = await renderScreen(FRAME, size(30, 20));
    expect(narrow[0]).toBe('ordersync 주문 at 127.0.0.1:5…');
    expect(narrow.find((line) => line.includes('running'))).not.toContain('table');
  });

  it('says what no rows mean', async () => {
    expect(await renderScreen({ ...FRAME, rows: [] }, size(80, 10))).toContain('nothing runs');
  });
});
