import { assert, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoTime, monthsOf, rhythm, spanOf } from '../../../src/domain/seed/calendar.ts';

describe('the span of demo data', () => {
  it('begins with a whole month and ends in the middle of another', () => {
    const span = spanOf(new Date('2026-03-31T23:59:00Z'), 2);
    expect(isoTime(span.start)).toBe('2026-01-01T00:00:00.000Z');
    expect(monthsOf(span)).toEqual(['2026-01-01', '2026-02-01', '2026-03-01']);
  });

  it('crosses years', () => {
    expect(monthsOf(spanOf(new Date('2026-01-01T00:00:00Z'), 1))).toEqual(['2025-12-01', '2026-01-01']);
  });
});

describe('the rhythm of the shop', () => {
  const span = spanOf(new Date('2026-03-15T12:34:00Z'), 2);
  const timeAt = rhythm(span);

  it('keeps order, fills the span and leaves it nowhere', () => {
    let last = span.start;
    for (let position = 0; position < 1; position += 0.0001) {
      const at = timeAt(position);
      expect(at).toBeGreaterThanOrEqual(last);
      expect(at).toBeLessThanOrEqual(span.until);
      last = at;
    }
    expect(timeAt(0)).toBe(span.start);
    expect(last).toBeGreaterThan(span.until - 86_400_000);
  });

  it('is busy at lunch and dinner in Seoul and quiet at night', () => {
    const hours = Array.from({ length: 20_000 }, (_, nth) =>
      new Date(timeAt(nth / 20_000) + 9 * 3_600_000).getUTCHours(),
    );
    const during = (from: number, to: number): number =>
      hours.filter((hour) => hour >= from && hour < to).length / (to - from);
    expect(during(17, 21)).toBeGreaterThan(10 * during(1, 5));
    expect(during(11, 13)).toBeGreaterThan(2 * during(14, 16));
  });
});

describe('times', () => {
  it('are written as Date writes them', () => {
    assert(
      property(integer({ min: 0, max: 250_000_000_000_000 }), (at) => {
        expect(isoTime(at)).toBe(new Date(at).toISOString());
      }),
      { numRuns: 2000 },
    );
    for (const day of ['2024-02-29', '2000-02-29', '1999-12-31', '2100-03-01', '2400-02-29'])
      expect(isoTime(Date.parse(day))).toBe(`${day}T00:00:00.000Z`);
  });
});
