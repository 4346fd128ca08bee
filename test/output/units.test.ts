import { describe, expect, it } from 'vitest';
import {
  humanBytes,
  humanCount,
  humanEstimate,
  humanMs,
  humanNumber,
  humanRate,
  humanRatio,
  humanTime,
} from '../../src/output/units.ts';

describe('bytes', () => {
  it.each([
    [0, '0 B'],
    [512, '512 B'],
    [1023, '1023 B'],
    [1024, '1.0 kB'],
    [1024 * 1024 - 1, '1.0 MB'],
    [1_288_490_189, '1.2 GB'],
    [340 * 1024 * 1024, '340 MB'],
    [-2048, '-2.0 kB'],
    [2n ** 63n, '8.0 EB'],
  ])('%s is %s', (value, text) => expect(humanBytes(value)).toBe(text));
});

describe('durations', () => {
  it.each([
    [0, '0 ms'],
    [0.001, '<0.01 ms'],
    [0.45, '0.45 ms'],
    [12.34, '12.3 ms'],
    [345.6, '346 ms'],
    [999.6, '1.00 s'],
    [1500, '1.50 s'],
    [12_300, '12.3 s'],
    [59_990, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [3_599_999, '1 h 00 min'],
    [11_520_000, '3 h 12 min'],
    [356_400_000, '4 d 3 h'],
    [-1500, '-1.50 s'],
  ])('%s ms is %s', (value, text) => expect(humanMs(value)).toBe(text));

  it('are whole seconds when only estimated', () => {
    expect([0, 400, 9_200, 59_100, 125_000].map(humanEstimate)).toEqual([
      '0 s',
      '1 s',
      '10 s',
      '1 min 00 s',
      '2 min 05 s',
    ]);
  });
});

describe('ratios', () => {
  it.each([
    [1, '100.0 %'],
    [0.99999, '99.9 %'],
    [0.984, '98.4 %'],
    [0, '0.0 %'],
    [0.00001, '<0.1 %'],
    [1.5, '150.0 %'],
  ])('%s is %s: all and nothing only when it is so', (value, text) => expect(humanRatio(value)).toBe(text));
});

it('separates thousands of counts', () => {
  expect([0, 999, 1000, 1_234_567, 12_345_678_901_234_567_890n].map(humanCount)).toEqual([
    '0',
    '999',
    '1,000',
    '1,234,567',
    '12,345,678,901,234,567,890',
  ]);
});

it('gives rates one decimal while they are small', () => {
  expect([humanRate(0.34, 'rows'), humanRate(4000.4, 'rows'), humanRate(12.9e6, 'bytes')]).toEqual([
    '0.3',
    '4,000',
    '12.3 MB',
  ]);
});

it('shows numbers to three decimals or digits', () => {
  expect([0, 3, 1.23456, 0.000123456, 1e9].map(humanNumber)).toEqual(['0', '3', '1.235', '0.000123', '1000000000']);
});

it('shows instants in UTC and leaves other text alone', () => {
  expect(humanTime('2026-11-05T12:34:56.789Z')).toBe('2026-11-05 12:34:56Z');
  expect(humanTime('infinity')).toBe('infinity');
});
