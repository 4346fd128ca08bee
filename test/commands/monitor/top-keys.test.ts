import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import type { Step } from './top-screen.ts';
import { DOWN, drawn, ESCAPE, play, rowOf, selected, UP, useWork } from './top-screen.ts';

const SECRET = '비밀-geheim4711';

describe('reading on the screen of monitor top', () => {
  const work = useWork(SECRET);
  const { pids } = work;
  const url = () => work.database.current.url;

  it.each([60, 80, 200])(
    'on %i columns each screen of it has as many lines as the terminal, none too wide',
    async (columns) => {
      const { code, frames } = await play(
        url(),
        [
          [/activity, every/, '?'],
          [/select a row/, ESCAPE],
          [/activity, every/, '/메뉴'],
          [/with "메뉴"/, '\r'],
          [/^> \d+ /m, '\r'],
          [/query: select pg_sleep/, ESCAPE],
          [/^> \d+ /m, 'k'],
          [/Type the database/, `데이터베이스`],
          [/database name: 데이터베이스/, ESCAPE],
          [/nothing was sent/, 'q'],
        ],
        { columns },
      );
      expect(code).toBe(0);
      expect(frames.length).toBeGreaterThan(8);
      expect(frames.filter((lines) => lines.length !== 24)).toEqual([]);
      expect(frames.flat().filter((line) => stringWidth(line) > columns)).toEqual([]);
      expect(await work.stateOf(pids.sleeper)).toBe('active');
    },
  );

  it('filters by any column, also one that is not shown, and says how many rows that leaves', async () => {
    const { frames } = await play(url(), [
      [selected(pids.sleeper), '/shop-w'],
      [/, 1 of 2 with "shop-w"/, 'x'],
      [/nothing here contains "shop-wx"/, '\u007f\r'],
      [selected(pids.idle), ESCAPE],
      [rowOf(pids.idle), 'q'],
    ]);
    const filtered = drawn(frames, /, 1 of 2 with "shop-w"/);
    expect(filtered).toMatch(selected(pids.idle));
    expect(filtered).not.toContain(String(pids.sleeper));
    expect(filtered).toMatch(/^\/ shop-w_$/m);
  });

  it('finds decomposed Hangul, as some systems type it', async () => {
    const { frames } = await play(url(), [
      [/activity, every/, `/${'메뉴'.normalize('NFD')}`],
      [/, 1 of 2 with/, '\r'],
      [/quit/, 'q'],
    ]);
    expect(drawn(frames, /, 1 of 2 with/)).toMatch(selected(pids.sleeper));
  });

  it('shows the statement of the selected row whole, its literals masked, and goes back', async () => {
    const { stdout, frames } = await play(url(), [
      [selected(pids.sleeper), DOWN],
      [selected(pids.idle), UP],
      [selected(pids.sleeper), '\r'],
      [/query: /, ESCAPE],
      [selected(pids.sleeper), 'q'],
    ]);
    const row = drawn(frames, /query: /);
    expect(row).toContain('query: select pg_sleep(?), ? as "메뉴 이름"');
    expect(row).toContain(`pid: ${pids.sleeper}`);
    expect(row).toContain('database: ');
    expect(stdout).not.toContain('geheim');
  });

  it('sorts what is there, and leaves blocking in the order of its queues', async () => {
    const steps: readonly Step[] = [
      [selected(pids.sleeper), 's'],
      [/activity by statement, every/, 'sss'],
      [/activity by application, every/, '2'],
      [/blocking, every/, 's'],
      [/blocking, every/, '4'],
      [/tables, every/, 'ssss'],
      [/tables by name, every/, 'q'],
    ];
    const { frames } = await play(url(), steps, { columns: 200 });
    expect(drawn(frames, /activity by application/)).toMatch(/order-batch[^]*shop-web/);
    expect(drawn(frames, /activity by statement/)).toMatch(/^> +\d+ +active /m);
  });

  it('pauses with its rows, which can still be filtered and read', async () => {
    const { frames } = await play(url(), [
      [/activity, every/, '4'],
      [/tables, every[^]*주문 내역/, ' '],
      [/tables, paused/, '/주문'],
      [/paused, 1 of \d+ with/, '\r\r'],
      [/table: public\."주문 내역"/, ESCAPE],
      [/tables, paused/, 'q'],
    ]);
    expect(drawn(frames, /table: public\."주문 내역"/)).toContain('rows estimate: -');
  });
});
