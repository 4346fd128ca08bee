import { describe, expect, it } from 'vitest';
import { spanOf } from '../../../src/domain/seed/calendar.ts';
import { countRows } from '../../../src/domain/seed/census.ts';
import { createDemo } from '../../../src/domain/seed/demo.ts';
import type { Demo } from '../../../src/domain/seed/demo.ts';
import { businessNumber, mobileNumber, romanise } from '../../../src/domain/seed/people.ts';
import { openRandomStream } from '../../../src/domain/seed/random.ts';
import type { SeedRow } from '../../../src/domain/seed/table.ts';
import { SEED_TABLES, tablesWithNeeds } from '../../../src/domain/seed/tables.ts';
import { parseScale, volumesOf } from '../../../src/domain/seed/volumes.ts';
import { loadWords } from '../../../src/domain/seed/words.ts';
import { createWorld } from '../../../src/domain/seed/world.ts';

const NEVER = new AbortController().signal;

async function demoOf(rows: number, seed = 'test', months = 6): Promise<Demo> {
  const span = spanOf(new Date('2026-03-15T12:34:00Z'), months);
  const world = createWorld({ seed, span, volumes: volumesOf(rows), words: await loadWords() });
  return createDemo(world, NEVER);
}

function rowsOf(demo: Demo, name: string): SeedRow[] {
  const table = SEED_TABLES.find((candidate) => candidate.name === name);
  if (table === undefined) throw new Error(`no table ${name}`);
  return Array.from({ length: table.unitsOf(demo) }, (_, unit) => table.rowsOf(demo, unit)).flat();
}

describe('the rows of a seed', () => {
  it('are counted exactly before they are made, for every table', async () => {
    for (const [rows, months] of [
      [5000, 1],
      [40_000, 14],
    ] as const) {
      const demo = await demoOf(rows, 'count', months);
      const made = SEED_TABLES.map(({ name }) => [name, rowsOf(demo, name).length]);
      expect([...(await countRows(demo, NEVER))]).toEqual(made);
    }
  });

  it.each([10_000, 100_000, 1_000_000])('come to about %i, within three percent', async (rows) => {
    const counts = [...(await countRows(await demoOf(rows), NEVER)).values()];
    const total = counts.reduce((sum, count) => sum + count, 0);
    expect(Math.abs(total / rows - 1)).toBeLessThan(0.03);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  it('have every column, and no other', async () => {
    const demo = await demoOf(10_000);
    for (const { name, columns } of SEED_TABLES) {
      for (const row of rowsOf(demo, name).slice(0, 50))
        expect(Object.keys(row).toSorted()).toEqual([...columns].toSorted());
    }
  });

  it('are the same however they are asked for, and others under another seed', async () => {
    const [demo, again, other] = [await demoOf(8000), await demoOf(8000), await demoOf(8000, 'other')];
    for (const { name, unitsOf, rowsOf: make } of SEED_TABLES) {
      const unit = Math.floor(unitsOf(demo) / 3);
      expect(make(again, unit)).toEqual(make(demo, unit));
      const ids = new Set(rowsOf(demo, name).map(({ id }) => id));
      expect(rowsOf(other, name).some(({ id }) => ids.has(id ?? null))).toBe(false);
    }
  });

  it('have ids of their own', async () => {
    const demo = await demoOf(60_000);
    const ids = SEED_TABLES.flatMap(({ name }) => rowsOf(demo, name).map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('hold Korean and English names', async () => {
    const names = rowsOf(await demoOf(100_000), 'users').map((row) =>
      JSON.stringify(row['name_encrypted']).slice(1, -1),
    );
    const korean = names.filter((name) => /^\p{Script=Hangul}{2,4}$/u.test(name)).length;
    const english = names.filter((name) => /^[\p{Script=Latin}' -]+$/u.test(name)).length;
    expect(korean + english).toBe(names.length);
    expect(english / names.length).toBeGreaterThan(0.08);
    expect(korean / names.length).toBeGreaterThan(0.7);
  });
});

describe('a choice of tables', () => {
  it('brings what it refers to, parents first', () => {
    expect(tablesWithNeeds(['payment_refunds']).map(({ name }) => name)).toEqual([
      'users',
      'restaurants',
      'orders',
      'payments',
      'payment_refunds',
    ]);
    expect(tablesWithNeeds(['security_metrics']).map(({ name }) => name)).toEqual(['security_metrics']);
  });

  it('always lists a table after those it needs', () => {
    const seen = new Set<string>();
    for (const { name, needs } of SEED_TABLES) {
      for (const need of needs) expect(seen).toContain(need);
      seen.add(name);
    }
  });
});

describe('scales', () => {
  it('are names or numbers', () => {
    expect(parseScale('medium')).toBe(1_000_000);
    expect(parseScale('123456')).toBe(123_456);
  });

  it.each(['', '12', '-5', '1e6', 'huge', '99999999999'])('"%s" is none', (text) => {
    expect(() => parseScale(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('invented people', () => {
  it('have e-mail names that follow the Revised Romanization', () => {
    expect(['서연', '하늘', '김', '박'].map(romanise)).toEqual(['seoyeon', 'haneul', 'gim', 'bak']);
  });

  it('have numbers that nobody has', () => {
    const random = openRandomStream('numbers', 'test')(0);
    for (let draw = 0; draw < 200; draw += 1) {
      expect(mobileNumber(random)).toMatch(/^010-0\d{3}-\d{4}$/u);
      const number = businessNumber(random).replaceAll('-', '');
      expect(number).toMatch(/^000\d{7}$/u);
      expect(hasRightCheckDigit(number)).toBe(true);
    }
  });
});

/** The published rule: nine digits by 1 3 7 1 3 7 1 3 5, the tens of the last product, and all of it ends in zero. */
function hasRightCheckDigit(number: string): boolean {
  const digits = Array.from(number, Number);
  const products = [1, 3, 7, 1, 3, 7, 1, 3, 5].map((weight, position) => weight * (digits[position] ?? 0));
  const sum = products.reduce((total, product) => total + product, 0) + Math.floor((products[8] ?? 0) / 10);
  return (sum + (digits[9] ?? 0)) % 10 === 0;
}
