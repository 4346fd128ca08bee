import { expect, it } from 'vitest';
import { createPace } from '../../src/output/pace.ts';

it('knows nothing at the start and does not pretend to', () => {
  const pace = createPace(0, 0);
  pace.note(100, 400);
  expect([pace.perSecond(), pace.etaMs(1000, 400), pace.average(400)]).toEqual([undefined, undefined, undefined]);
  pace.note(250, 1000);
  expect(pace.perSecond()).toBeCloseTo(250);
  expect(pace.etaMs(1000, 1000)).toBeUndefined();
  pace.note(500, 2000);
  expect(pace.etaMs(1000, 2000)).toBeCloseTo(2000);
});

it('counts from where a resumed run stands', () => {
  const pace = createPace(1_000_000, 0);
  pace.note(1_003_000, 3000);
  expect(pace.average(3000)).toBe(1000);
  expect(pace.etaMs(1_004_000, 3000)).toBeCloseTo(1000);
});

it('evens out batches and follows a change of speed', () => {
  const pace = createPace(0, 0);
  for (let second = 1; second <= 30; second += 1) pace.note(Math.floor(second / 3) * 3000, second * 1000);
  expect(pace.perSecond()).toBeGreaterThan(850);
  expect(pace.perSecond()).toBeLessThan(1150);
  for (let second = 31; second <= 60; second += 1) pace.note(30_000 + (second - 30) * 100, second * 1000);
  expect(pace.perSecond()).toBeLessThan(200);
});

it('gives no time left while nothing moves or when all is done', () => {
  const pace = createPace(0, 0);
  pace.note(3000, 3000);
  expect(pace.etaMs(6000, 12_000)).toBeDefined();
  expect(pace.etaMs(6000, 13_000)).toBeUndefined();
  expect(pace.idleMs(13_000)).toBe(10_000);
  expect(pace.etaMs(3000, 3000)).toBeUndefined();
});
