import { describe, expect, test } from 'vitest';
import { createRowPace } from '../../../../src/domain/archive/content/row-pace.ts';

/** A clock that stands still but for its sleepers, and for what a test says that work took. */
function pacedAt(maxRate: number | undefined, signal = new AbortController().signal) {
  const clock = {
    ms: 0,
    slept: 0,
    now: () => new Date(clock.ms),
    monotonicMs: () => clock.ms,
    sleep: async (ms: number) => {
      clock.ms += ms;
      clock.slept += ms;
    },
  };
  const pace = createRowPace({ clock, signal }, maxRate);
  const pass = async (rows: number, tookMs = 0): Promise<void> => {
    for (let row = 0; row < rows; row += 1) {
      clock.ms += tookMs / rows;
      if (pace.passed()) await pace.rest();
    }
  };
  return { clock, pass };
}

describe('rows of an export', () => {
  test('pass at no more than so many a second, over all exports of a run', async () => {
    const { clock, pass } = pacedAt(1000);
    for (let source = 0; source < 5; source += 1) await pass(500);
    expect(clock.ms).toBe(2500);
  });

  test('wait for nothing while the work itself is slower than that', async () => {
    const { clock, pass } = pacedAt(1000);
    await pass(1000, 2000);
    expect(clock.slept).toBe(0);
  });

  test('never make up for time in which fewer passed', async () => {
    const { clock, pass } = pacedAt(1000);
    await pass(100, 60_000);
    const begun = clock.ms;
    await pass(2000);
    expect(clock.ms - begun).toBe(2000);
  });

  test('wait after each row when there is less than one in a tenth of a second', async () => {
    const { clock, pass } = pacedAt(2);
    await pass(3);
    expect(clock.ms).toBe(1500);
  });

  test('pass without a rest when nobody asked for one', async () => {
    const { clock, pass } = pacedAt(undefined);
    await pass(100_000);
    expect(clock.ms).toBe(0);
  });

  test('do not pass any more when the wait for them was cut short', async () => {
    const { pass } = pacedAt(1, AbortSignal.abort(new Error('interrupted')));
    await expect(pass(60)).rejects.toThrow('interrupted');
  });
});
