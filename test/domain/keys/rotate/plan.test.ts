import { describe, expect, test } from 'vitest';
import type { DataKeyRow, KeyStatus } from '../../../../src/domain/encryption/queries.ts';
import { ENCRYPTED_TABLES, KEY_TYPES } from '../../../../src/domain/encryption/registry.ts';
import { estimateTable } from '../../../../src/domain/keys/rotate/estimate.ts';
import { decide } from '../../../../src/domain/keys/rotate/plan.ts';
import type { RunRow } from '../../../../src/domain/keys/rotate/run-queries.ts';
import { rotationTables } from '../../../../src/domain/keys/rotate/tables.ts';

const DAY_MS = 86_400_000;

function key(version: number, status: KeyStatus, ageMs = 10 * DAY_MS): DataKeyRow {
  return {
    id: `id ${version}`,
    keyType: 'pii',
    keyId: `pii-v${version}`,
    version,
    status,
    createdAt: '2026-01-01T00:00:00.000Z',
    ageMs,
    retiredAt: null,
    material: null,
  };
}

function run(to: number, status: RunRow['status']): RunRow {
  return {
    id: `run ${to}`,
    keyType: 'pii',
    toKeyId: `pii-v${to}`,
    status,
    startedAt: '2026-01-01T00:00:00.000Z',
    ageMs: DAY_MS,
    finishedAt: null,
    startedBy: {},
  };
}

const REQUEST = { keyType: 'pii' as const, resume: false, ifOlderThanMs: DAY_MS };
const RESUME = { ...REQUEST, resume: true };

describe('a rotation begins', () => {
  test('with the version after the newest there ever was', () => {
    const decision = decide(REQUEST, [key(1, 'RETIRED'), key(3, 'ROTATING'), key(2, 'ACTIVE')], []);
    expect(decision).toMatchObject({ kind: 'start', from: { keyId: 'pii-v2' }, key: { keyId: 'pii-v4', version: 4 } });
  });

  test('not while the active key is young, unless that is asked for', () => {
    expect(decide(REQUEST, [key(1, 'ACTIVE', DAY_MS - 1)], [])).toMatchObject({ kind: 'young', aborted: undefined });
    expect(decide(REQUEST, [key(1, 'ACTIVE', DAY_MS)], []).kind).toBe('start');
    expect(decide({ ...REQUEST, ifOlderThanMs: 0 }, [key(1, 'ACTIVE', 0)], []).kind).toBe('start');
  });

  test('with what is unfinished, however it is called', () => {
    const keys = [key(1, 'ROTATING'), key(2, 'ACTIVE')];
    for (const request of [REQUEST, RESUME, { ...REQUEST, ifOlderThanMs: 0 }]) {
      expect(decide(request, keys, [run(2, 'RUNNING')])).toMatchObject({ kind: 'resume', run: { id: 'run 2' } });
    }
  });

  test('again with what was aborted, only when asked, and only while its key is active', () => {
    const keys = [key(1, 'ROTATING'), key(2, 'ACTIVE', 0)];
    expect(decide(REQUEST, keys, [run(2, 'ABORTED')])).toMatchObject({ kind: 'young', aborted: { id: 'run 2' } });
    expect(decide(RESUME, keys, [run(2, 'ABORTED')])).toMatchObject({ kind: 'reopen', run: { id: 'run 2' } });
    expect(decide(RESUME, [...keys, key(3, 'RETIRED')], [run(3, 'ABORTED')]).kind).toBe('nothing to resume');
    expect(decide(RESUME, keys, [run(2, 'FINISHED')]).kind).toBe('nothing to resume');
  });

  test('never without a key, nor towards one that is not active', () => {
    expect(() => decide(REQUEST, [key(1, 'RETIRED')], [])).toThrow('there is no active key for the type pii');
    expect(() => decide(REQUEST, [key(1, 'ROTATING'), key(2, 'ACTIVE')], [run(1, 'RUNNING')])).toThrow(
      'the unfinished rotation of pii leads to pii-v1, but pii-v2 is active',
    );
  });
});

test('every pair of the registry is rotated with its type, and with no other', () => {
  const rotated = KEY_TYPES.flatMap((type) =>
    rotationTables(type).flatMap(({ table, pairs }) => pairs.map(({ value }) => `${table.name}.${value}`)),
  );
  const registered = ENCRYPTED_TABLES.flatMap(({ name, pairs }) => pairs.map(({ value }) => `${name}.${value}`));
  expect(rotated.toSorted()).toEqual(registered.toSorted());
  expect(rotationTables('payment', ['users', 'payments']).map(({ table }) => table.name)).toEqual(['payments']);
});

describe('an estimate', () => {
  const [users] = rotationTables('pii', ['users']);
  const size = { table: 'users', rows: 500_000, heapBytes: 360_000_000, indexBytes: 100_000_000 };
  const pace = { fullSpeed: true, maxRate: undefined, maxWal: undefined, maxLagMs: undefined };
  const estimate = (changes: Partial<Parameters<typeof estimateTable>[2]> = {}, known: number | null = size.rows) =>
    estimateTable(users!, { ...size, rows: known }, { pending: undefined, crypto: 'auto', pace, ...changes });

  test('takes every pair of every row, twice as long at the default pace, longer value by value', () => {
    expect(estimate()).toMatchObject({ rows: 500_000, values: 2_500_000, timeMs: 20_000, walBytes: 1_008_000_000 });
    expect(estimate({ pace: { ...pace, fullSpeed: false } }).timeMs).toBe(40_000);
    expect(estimate({ crypto: 'openssl' }).timeMs).toBe(57_500);
    expect(estimate({ pace: { ...pace, maxRate: 1000 } }).timeMs).toBe(500_000);
  });

  test('takes what was counted, where it was', () => {
    expect(estimate({ pending: 0 })).toMatchObject({ rows: 0, values: 0, timeMs: 0, walBytes: 0, diskBytes: 0 });
    expect(estimate({ pending: 250_000 })).toMatchObject({ rows: 250_000, values: 250_000 });
  });

  test('goes by the size of a table that was never analysed', () => {
    expect(estimate({}, null).rows).toBe(Math.round(360_000_000 / 700));
  });
});
