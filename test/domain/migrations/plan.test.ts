import { describe, expect, test } from 'vitest';
import type { Migration } from '../../../src/domain/migrations/file/migration.ts';
import { parseScript } from '../../../src/domain/migrations/file/script.ts';
import type { History } from '../../../src/domain/migrations/ledger.ts';
import { confirmDown, confirmUp, planDown, planUp } from '../../../src/domain/migrations/plan.ts';
import type { StepRow } from '../../../src/domain/migrations/queries.ts';
import { statesOf } from '../../../src/domain/migrations/states.ts';
import { refusalOf } from './runner.ts';

describe('the state of a version', () => {
  const files = migrations('001', '002', '003', '004');

  test.each([
    ['applied', history(['001', 'sum-001']), '001'],
    ['applied (unverified)', history(['001', null]), '001'],
    ['changed', history(['001', 'another']), '001'],
    ['pending', history(['001', 'sum-001']), '002'],
    ['out-of-order', history(['003', 'sum-003']), '002'],
    ['missing', history(['009', 'sum-009']), '009'],
    ['applied (unverified)', history(['1.0.0', null]), '001'],
    ['applied (unverified)', history(['2025', null]), '2025'],
    ['partial', { ...history(), steps: [step('002', 'up', 'failed')] }, '002'],
    ['partial', { ...history(['001', 'sum-001']), steps: [step('001', 'down', 'done')] }, '001'],
  ])('is %s', (state, known, version) => {
    const found = statesOf(files, known).find((candidate) => candidate.version === version);
    expect(found?.state).toBe(state);
  });

  test('joins file and ledger by number, whatever the row calls it', () => {
    expect(statesOf(migrations('001'), history(['1', 'sum-001']))).toMatchObject([
      { version: '001', state: 'applied' },
    ]);
  });

  test('steps of another direction do not make it partial', () => {
    const known = { ...history(['001', 'sum-001']), steps: [step('001', 'up', 'done')] };
    expect(statesOf(migrations('001'), known)).toMatchObject([{ state: 'applied' }]);
  });
});

describe('planUp', () => {
  test('takes what is pending, oldest first, numerically', () => {
    expect(versions(planUp(migrations('10', '9', '1'), history(['1', 'sum-1']), {}))).toEqual(['9', '10']);
  });

  test('refuses files older than the newest applied one, naming them, unless allowed', async () => {
    const known = history(['003', 'sum-003']);
    const error = await refused(() => planUp(migrations('001', '002', '003', '004'), known, {}));
    expect(error).toMatchObject({ code: 'precondition', message: 'out of order: 001, 002' });
    const allowed = planUp(migrations('001', '002', '003', '004'), known, { allowOutOfOrder: true });
    expect(versions(allowed)).toEqual(['001', '002', '004']);
  });

  test.each([
    ['changed', history(['001', 'another'])],
    ['missing', history(['001', 'sum-001'], ['000', 'sum-000'])],
  ])('refuses to go on over a %s file', async (_state, known) => {
    expect((await refused(() => planUp(migrations('001', '002'), known, {}))).code).toBe('checksum_mismatch');
  });

  test('a row written by hand for which there is no file does not stop it', () => {
    expect(versions(planUp(migrations('002'), history(['001', null]), {}))).toEqual(['002']);
  });

  test('refuses while another file is half rolled back', async () => {
    const known = { ...history(['001', 'sum-001']), steps: [step('001', 'down', 'failed')] };
    expect((await refused(() => planUp(migrations('001', '002'), known, {}))).message).toBe(
      '001 name is half rolled back',
    );
  });
});

describe('planDown', () => {
  const files = migrations('001', '002', '003');
  const all = history(['001', 'sum-001'], ['002', 'sum-002'], ['003', 'sum-003']);

  test.each([
    [{}, ['003']],
    [{ count: 2 }, ['003', '002']],
    [{ to: '1' }, ['003', '002']],
    [{ to: '003' }, []],
    [{ all: true }, ['003', '002', '001']],
  ])('%j rolls back %j', (request, expected) => {
    expect(versions(planDown(files, all, request))).toEqual(expected);
  });

  test('finds every down script before the first runs', async () => {
    const [first, ...rest] = files;
    const { down: _down, ...without } = first as Extract<Migration, { kind: 'sql' }>;
    const error = await refused(() => planDown([without, ...rest], all, { all: true }));
    expect(error).toMatchObject({ code: 'precondition', message: 'no down script for 001' });
  });

  test('looks at the files it rolls back only', async () => {
    const changed = history(['001', 'another'], ['002', 'sum-002'], ['003', 'sum-003']);
    expect(versions(planDown(files, changed, {}))).toEqual(['003']);
    expect((await refused(() => planDown(files, changed, { all: true }))).code).toBe('checksum_mismatch');
  });

  test.each([
    { to: '001', count: 1 },
    { all: true, count: 2 },
  ])('refuses %j', async (request) => {
    expect((await refused(() => planDown(files, all, request))).code).toBe('usage');
  });

  test('refuses a target that is not applied, and to go below a half-applied file', async () => {
    expect((await refused(() => planDown(files, all, { to: '7' }))).code).toBe('usage');
    const half = { ...history(['001', 'sum-001']), steps: [step('002', 'up', 'failed')] };
    expect((await refused(() => planDown(files, half, {}))).code).toBe('precondition');
  });
});

describe('a plan that is held against the ledger again', () => {
  const files = migrations('001', '002', '003');

  test('leaves out what another run has applied meanwhile', () => {
    const plan = planUp(files, history(), {});
    expect(versions(confirmUp(plan, files, history(['001', 'sum-001'], ['002', 'sum-002'])))).toEqual(['003']);
  });

  test('is stale when another run rolled something back', async () => {
    const plan = planUp(files, history(['001', 'sum-001']), {});
    expect((await refused(() => confirmUp(plan, files, history()))).code).toBe('precondition');
  });

  test('is stale for down when anything changed', async () => {
    const plan = planDown(files, history(['001', 'sum-001'], ['002', 'sum-002']), {});
    expect((await refused(() => confirmDown(plan, files, history(['001', 'sum-001'])))).code).toBe('precondition');
  });
});

function migrations(...versions: string[]): Migration[] {
  const { script } = parseScript('x.sql', 'select 1;');
  return versions.map((version) => ({
    kind: 'sql',
    version,
    description: 'name',
    upFile: `/m/${version}_name.up.sql`,
    checksum: `sum-${version}`,
    up: script,
    down: script,
  }));
}

function history(...rows: (readonly [version: string, checksum: string | null])[]): History {
  const facts = { description: 'name', appliedAt: '2026-01-01T00:00:00Z', executionTimeMs: 1 };
  return { rows: rows.map(([version, checksum]) => ({ version, checksum, ...facts })), steps: [] };
}

function step(version: string, direction: 'up' | 'down', outcome: StepRow['outcome']): StepRow {
  return { version, direction, step: 1, sha256: 'x', outcome, sqlstate: null };
}

function versions(plan: readonly { version: string }[]): string[] {
  return plan.map(({ version }) => version);
}

function refused(decide: () => unknown) {
  return refusalOf(Promise.resolve().then(decide));
}
