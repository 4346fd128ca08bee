import { assert, integer, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { between, fraction, openRandomStream, pick, uuidV4, uuidV7 } from '../../../src/domain/seed/random.ts';

describe('random streams', () => {
  it('give the same numbers for the same seed, name and index, in whatever order they are asked', () => {
    assert(
      property(string(), string(), integer({ min: 0, max: 2 ** 40 }), (seed, name, index) => {
        const one = openRandomStream(seed, name);
        const two = openRandomStream(seed, name);
        two(index + 1);
        expect(uuidV4(two(index))).toBe(uuidV4(one(index)));
      }),
    );
  });

  it('have nothing in common for another seed, name or index', () => {
    const first = new Set<string>();
    for (const seed of ['a', 'b', 'ab']) {
      for (const name of ['a', 'b', 'order', 'orders']) {
        for (let index = 0; index < 2000; index += 1) first.add(uuidV4(openRandomStream(seed, name)(index)));
        for (const index of [2 ** 32, 2 ** 32 + 1, 2 ** 40]) first.add(uuidV4(openRandomStream(seed, name)(index)));
      }
    }
    expect(first.size).toBe(3 * 4 * 2003);
  });

  it('are even: every tenth gets its tenth, over many indexes and within one', () => {
    const stream = openRandomStream('even', 'test');
    const across = Array.from({ length: 50_000 }, (_, index) => between(stream(index), 0, 9));
    const one = stream(0);
    const within = Array.from({ length: 50_000 }, () => between(one, 0, 9));
    for (const draws of [across, within]) {
      for (let digit = 0; digit < 10; digit += 1) {
        const share = draws.filter((draw) => draw === digit).length / draws.length;
        expect(share).toBeGreaterThan(0.095);
        expect(share).toBeLessThan(0.105);
      }
    }
  });

  it('stay within their bounds', () => {
    const random = openRandomStream('bounds', 'test')(0);
    for (let draw = 0; draw < 10_000; draw += 1) {
      const value = fraction(random);
      expect(value >= 0 && value < 1).toBe(true);
      expect([1, 2, 3]).toContain(pick(random, [1, 2, 3]));
    }
    expect(() => pick(random, [])).toThrow(RangeError);
  });
});

describe('identifiers', () => {
  const random = openRandomStream('ids', 'test')(0);

  it('of version 4 say so', () => {
    for (let draw = 0; draw < 1000; draw += 1)
      expect(uuidV4(random)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
  });

  it('of version 7 say so, and hold their millisecond', () => {
    assert(
      property(integer({ min: 0, max: 2 ** 47 }), (at) => {
        const id = uuidV7(random, at);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
        expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(at);
      }),
    );
  });
});
