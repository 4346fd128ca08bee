import { describe, expect, it } from 'vitest';
import { describeDuration, option, parseDuration } from '../../src/cli/options.ts';

describe('durations', () => {
  it.each([
    ['250ms', 250],
    ['5s', 5000],
    ['2m', 120_000],
    ['2min', 120_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['1.5s', 1500],
    ['0', 0],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['5', '-5s', '5 s', 's', '5x', '', '5s!', '1e3s'])('refuses %j and says how to write it', (text) => {
    expect(() => parseDuration(text)).toThrow(/is not a duration; write it with its unit/);
  });

  it.each([0, 1, 250, 5000, 60_000, 90_000, 3_600_000, 86_400_000])('%i ms survives being described', (ms) => {
    expect(parseDuration(describeDuration(ms))).toBe(ms);
  });
});

describe('integers', () => {
  const bounded = option.integer('n', { min: 1, max: 10 });

  it.each(['0', '11', '-1', '1.5', '1e1', 'abc', '', '0x1', '９'])('refuses %j with the bounds', (text) => {
    expect(() => bounded.parse(text)).toThrow(/is not a whole number from 1 to 10/);
  });

  it('refuses what a double cannot hold', () => {
    expect(() => option.integer('n').parse('9007199254740993')).toThrow(/whole number/);
  });
});

it('a choice names its alternatives when refused', () => {
  expect(() => option.choice(['json', 'csv'], 'format').parse('xml')).toThrow('"xml" is not one of json, csv');
});

describe('sizes', () => {
  const { parse } = option.bytes('at most');

  it.each([
    ['1B', 1],
    ['512kB', 524_288],
    ['20MB', 20_971_520],
    ['1.5 GB', 1_610_612_736],
    ['2TB', 2_199_023_255_552],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parse(text)).toBe(bytes);
  });

  it.each(['20', '', '0MB', '-1MB', '20mb', '1 kilobyte', '9999999999TB'])('%s is none', (text) => {
    expect(() => parse(text)).toThrow(/is not a size; write it with its unit, such as 512kB/);
  });
});
