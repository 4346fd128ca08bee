import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCron } from '../../../src/domain/jobs/cron/expression.ts';
import { lastTime, nextTime } from '../../../src/domain/jobs/cron/times.ts';
import { zoneOf } from '../../../src/domain/jobs/cron/zone.ts';

const iso = (instant: number | undefined): string | undefined =>
  instant === undefined ? undefined : new Date(instant).toISOString().replace(':00.000Z', 'Z');

function next(schedule: string, after: string, zone = 'Asia/Seoul'): string | undefined {
  return iso(nextTime(parseCron(schedule)!, zoneOf(zone)!, Date.parse(after)));
}

function last(schedule: string, until: string, zone = 'Asia/Seoul'): string | undefined {
  return iso(lastTime(parseCron(schedule)!, zoneOf(zone)!, Date.parse(until)));
}

/** A star or one number of a field. */
const field = (min: number, max: number) => fc.oneof(fc.constant('*'), fc.integer({ min, max }).map(String));

describe('the next time of a schedule', () => {
  it.each([
    ['midnight in Seoul is 15:00 UTC', '0 0 * * *', '2026-11-28T14:59:59Z', '2026-11-28T15:00Z'],
    ['the moment itself has passed', '0 0 * * *', '2026-11-28T15:00:00Z', '2026-11-29T15:00Z'],
    ['seconds and milliseconds count', '*/30 * * * *', '2026-11-28T15:29:59.999Z', '2026-11-28T15:30Z'],
    ['the first of a month begins in Seoul', '0 3 1 * *', '2026-11-30T17:59:00Z', '2026-11-30T18:00Z'],
    ['and the next is a month later', '0 3 1 * *', '2026-11-30T18:00:00Z', '2026-12-31T18:00Z'],
    ['over the end of a year', '5 0 1 1 *', '2026-12-31T15:04:59Z', '2026-12-31T15:05Z'],
    ['the 31st skips short months', '0 0 31 * *', '2026-01-31T00:00:00Z', '2026-03-30T15:00Z'],
    ['a leap day', '0 0 29 2 *', '2026-11-28T00:00:00Z', '2028-02-28T15:00Z'],
    ['a leap day over 2100, which has none', '0 0 29 2 *', '2096-03-01T00:00:00Z', '2104-02-28T15:00Z'],
    ['on a weekday by name', '0 9 * * mon-fri', '2026-11-27T01:00:00Z', '2026-11-30T00:00Z'],
    ['Sunday is 0 and 7', '0 0 * * 7', '2026-11-28T14:00:00Z', '2026-11-28T15:00Z'],
    ['a day of the month or one of the week', '0 0 13 * fri', '2026-11-27T15:00:00Z', '2026-12-03T15:00Z'],
    ['a starred day counts as any', '0 0 */2 * fri', '2026-11-20T15:00:00Z', '2026-11-26T15:00Z'],
    ['a list of ranges with steps', '1-9/4,50 * * * *', '2026-11-28T15:05:00Z', '2026-11-28T15:09Z'],
    ['a word', '@monthly', '2026-11-28T15:00:00Z', '2026-11-30T15:00Z'],
  ])('%s', (_name, schedule, after, expected) => {
    expect(next(schedule, after)).toBe(expected);
  });

  it('never comes for a day that does not exist', () => {
    expect(next('0 0 30 2 *', '2026-11-28T00:00:00Z')).toBeUndefined();
    expect(last('0 0 30 2 *', '2026-11-28T00:00:00Z')).toBeUndefined();
  });

  it('follows clocks that are changed: a skipped time comes later, of a repeated one the first counts', () => {
    expect(next('30 2 * * *', '2026-03-29T00:00:00Z', 'Europe/Berlin')).toBe('2026-03-29T01:30Z');
    expect(next('30 2 * * *', '2026-03-29T01:30:00Z', 'Europe/Berlin')).toBe('2026-03-30T00:30Z');
    expect(next('30 2 * * *', '2026-10-24T22:00:00Z', 'Europe/Berlin')).toBe('2026-10-25T00:30Z');
    expect(next('30 2 * * *', '2026-10-25T00:30:00Z', 'Europe/Berlin')).toBe('2026-10-26T01:30Z');
  });

  it('is the last time once it has come, in any zone and for any schedule', () => {
    const schedule = fc.tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6));
    const zone = fc.constantFrom('Asia/Seoul', 'UTC', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Chatham');
    fc.assert(
      fc.property(schedule, zone, fc.integer({ min: 1.7e9, max: 2.2e9 }), (fields, name, seconds) => {
        const expression = parseCron(fields.join(' '))!;
        const clock = zoneOf(name)!;
        const from = seconds * 1000;
        const found = nextTime(expression, clock, from)!;
        expect(found).toBeGreaterThan(from);
        expect(lastTime(expression, clock, found)).toBe(found);
        expect(lastTime(expression, clock, found - 1)!).toBeLessThanOrEqual(from);
      }),
      { numRuns: 60 },
    );
  });
});

it('the last time of midnight in Seoul', () => {
  expect(last('0 0 * * *', '2026-11-28T15:00:00Z')).toBe('2026-11-28T15:00Z');
  expect(last('0 0 * * *', '2026-11-28T14:59:59Z')).toBe('2026-11-27T15:00Z');
  expect(last('0 3 1 * *', '2026-12-31T17:59:00Z')).toBe('2026-11-30T18:00Z');
});

it.each([
  '',
  '* * * *',
  '60 * * * *',
  '* 24 * * *',
  '* * 0 * *',
  '* * * 13 *',
  '5/2 * * * *',
  '30 seconds',
  '9-5 * * * *',
])('what is no schedule is not taken for one: %j', (text) => {
  expect(parseCron(text)).toBeUndefined();
});

it('a zone that does not exist is none', () => {
  expect(zoneOf('Asia/Seoull')).toBeUndefined();
  expect(zoneOf('UTC')?.localAt(0)).toBe(0);
});
