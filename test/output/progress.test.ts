import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ProgressEvent } from '../../src/context.ts';
import type { Progress, ProgressOptions } from '../../src/output/progress.ts';
import { createProgress } from '../../src/output/progress.ts';
import { withoutEscapes } from '../../src/output/sanitize.ts';
import type { Terminal } from '../../src/output/terminal.ts';
import { exactRulerOf, pipe, screen } from './samples.ts';

interface Bench {
  readonly progress: Progress;
  readonly text: () => string;
  /** Lets the clock run on, the timers of the program with it. */
  readonly pass: (ms: number) => void;
  readonly rows: (done: number, total?: number, detail?: string) => void;
}

function bench(terminal: Terminal, mode: ProgressOptions['mode'] = 'auto'): Bench {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  let nowMs = 1000;
  let text = '';
  const clock = { now: () => new Date(Date.UTC(2026, 10, 5) + nowMs), monotonicMs: () => nowMs };
  const progress = createProgress({ mode, terminal, clock, write: (piece) => void (text += piece) });
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 100) {
      nowMs += Math.min(100, left);
      vi.advanceTimersByTime(Math.min(100, left));
    }
  };
  const rows = (done: number, total?: number, detail?: string): void => {
    const event: ProgressEvent = { kind: 'progress', label: 'orders', unit: 'rows', done };
    progress.handle({
      ...event,
      ...(total === undefined ? {} : { total }),
      ...(detail === undefined ? {} : { detail }),
    });
  };
  return { progress, text: () => text, pass, rows };
}

/** What stands on the screen: carriage returns go back to the start of the line and later text covers earlier. */
function onScreen(text: string): string[] {
  return text.split('\n').map((line) =>
    line
      .split('\r')
      .reduce((shown, part) => part + shown.slice(part.length), '')
      .trimEnd(),
  );
}

afterEach(() => {
  vi.useRealTimers();
});

/** 1,000 rows a second, told every 100 ms. */
function run({ rows, pass }: Bench, from: number, to: number, total?: number, detail?: string): void {
  for (let done = from; done <= to; done += 100) {
    rows(done, total, detail);
    if (done < to) pass(100);
  }
}

describe('in a log or a pipe', () => {
  it('is a plain line every five seconds and a last one, without an escape', () => {
    const told = bench({ ...pipe, color: true });
    told.progress.handle({ kind: 'phase', message: 'reading the\nplan' });
    run(told, 0, 12_000, 20_000, 'HOT 84 %');
    told.progress.stop();
    expect(told.text()).toBe(
      `reading the plan
orders: 5,000 of 20,000 rows (25 %), 1,000 rows/s, about 15 s left, HOT 84 %
orders: 10,000 of 20,000 rows (50 %), 1,000 rows/s, about 10 s left, HOT 84 %
orders: 12,000 of 20,000 rows in 12.0 s, 1,000 rows/s, HOT 84 %
`,
    );
  });

  it('writes one line for work that was quick', () => {
    const told = bench(pipe);
    run(told, 0, 1000, 1000);
    told.progress.stop();
    told.progress.stop();
    expect(told.text()).toBe('orders: 1,000 of 1,000 rows in 1.00 s, 1,000 rows/s\n');
  });

  it('ends a counter when another begins, and shows notes and warnings at once', () => {
    const told = bench(pipe);
    told.rows(1, 1);
    told.progress.handle({ kind: 'note', message: 'a note' });
    told.progress.handle({ kind: 'progress', label: 'files', unit: 'bytes', done: 2048 });
    told.progress.handle({ kind: 'warning', message: 'lag\u001b[2J is high' });
    told.progress.stop();
    told.rows(5, 5);
    told.progress.handle({ kind: 'note', message: 'after the end' });
    expect(told.text()).toBe(
      'a note\norders: 1 of 1 row in 0 ms\nwarning: lag is high\nfiles: 2.0 kB in 0 ms\nafter the end\n',
    );
  });
});

describe('on a terminal', () => {
  it.each([60, 80, 200])(
    'is one line of at most %i columns, drawn without escapes when there is no colour',
    async (width) => {
      const { width: measure } = await exactRulerOf();
      const told = bench(screen(width));
      told.progress.handle({ kind: 'phase', message: 'reading' });
      run(told, 0, 6000, 20_000, `HOT 84 %, ${'한글 👨‍👩‍👧'.repeat(20)}`);
      told.pass(1000);
      for (const line of told.text().split(/[\r\n]/)) expect(measure(line)).toBeLessThan(width);
      expect(told.text()).not.toContain('\u001b');
      expect(onScreen(told.text())[0]).toBe('reading');
      expect(onScreen(told.text())[1]).toMatch(/^orders .*6,000 of 20,000 rows/);
      told.progress.stop();
    },
  );

  it('has a bar, percent, rate and time left at 100 columns', () => {
    const told = bench(screen(100));
    run(told, 0, 6000, 20_000);
    told.pass(1000);
    expect(onScreen(told.text()).at(-1)).toBe(
      'orders █████████░░░░░░░░░░░░░░░░░░░░░  30 %  6,000 of 20,000 rows, 1,000 rows/s, about 14 s left',
    );
    told.progress.stop();
    expect(onScreen(told.text())).toEqual(['orders: 6,000 of 20,000 rows in 7.00 s, 857 rows/s', '']);
  });

  it('is drawn at most ten times a second', () => {
    const told = bench(screen(80));
    for (let done = 0; done < 5000; done += 1) told.rows(done, 5000);
    expect(told.text().split('\r').length - 1).toBe(1);
    told.progress.stop();
  });

  it('says when nothing moves, without an event', () => {
    const told = bench(screen(100));
    run(told, 0, 3000, 20_000);
    told.pass(12_000);
    expect(onScreen(told.text()).at(-1)).toMatch(/3,000 of 20,000 rows, no progress for 1\d s$/);
    told.progress.stop();
  });

  it('shows notes and warnings above the bar, which stays', () => {
    const told = bench(screen(100));
    run(told, 0, 1000, 2000);
    told.progress.handle({ kind: 'warning', message: 'replica lags 3 s' });
    expect(onScreen(told.text())).toEqual(['warning: replica lags 3 s', expect.stringMatching(/^orders █/)]);
    told.progress.stop();
  });

  it('has no bar without a total', () => {
    const told = bench(screen(100));
    run(told, 0, 3000);
    told.pass(1000);
    expect(onScreen(told.text()).at(-1)).toBe('orders: 3,000 rows, 1,000 rows/s');
    told.progress.stop();
  });

  it('turns a sign beside a phase, and leaves the cursor and a plain line', async () => {
    const told = bench({ ...screen(80), color: true });
    told.progress.handle({ kind: 'phase', message: 'validating the constraint' });
    await vi.waitUntil(async () => {
      await setImmediate();
      return told.text().includes('validating');
    }, 60_000);
    told.progress.handle({ kind: 'note', message: 'a note' });
    told.pass(4000);
    expect(told.text()).toMatch(/validating the constraint 4 s/);
    told.progress.stop();
    const lines = withoutEscapes(told.text()).split('\n');
    expect(lines.at(-2)).toMatch(/validating the constraint \(4.00 s\)$/);
    expect(told.text().endsWith('(4.00 s)\n')).toBe(true);
    expect(told.text()).not.toContain('\u001b[?25l');
    const after = told.text();
    told.pass(2000);
    expect(told.text()).toBe(after);
  });
});

describe('as NDJSON', () => {
  it('is one event per line, at most four counts a second, the first and the last always', () => {
    const told = bench(pipe, 'json');
    told.progress.handle({ kind: 'phase', message: 'reading' });
    run(told, 0, 3100, 20_000);
    told.progress.handle({ kind: 'warning', message: 'slow\u001b' });
    told.progress.stop();
    const events = told
      .text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events[0]).toEqual({ at: '2026-11-05T00:00:01.000Z', kind: 'phase', message: 'reading' });
    const counts = events.filter((event) => event['kind'] === 'progress');
    expect(counts.map((event) => event['done'])).toEqual([
      0, 300, 600, 900, 1200, 1500, 1800, 2100, 2400, 2700, 3000, 3100,
    ]);
    expect(counts[0]).toMatchObject({ label: 'orders', unit: 'rows', total: 20_000, perSecond: null, etaMs: null });
    expect(counts.at(-1)).toMatchObject({ perSecond: 1000, etaMs: 16_900 });
    expect(told.text()).not.toContain('\u001b');
  });
});

it('keeps notes and warnings when no progress is wanted', () => {
  const told = bench(screen(80), 'none');
  told.progress.handle({ kind: 'phase', message: 'reading' });
  run(told, 0, 3000, 3000);
  told.progress.handle({ kind: 'warning', message: 'heed' });
  told.progress.stop();
  expect(told.text()).toBe('warning: heed\n');
});
