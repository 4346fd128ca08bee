import { counted } from '../../counted.ts';
import type { Migration } from './file/migration.ts';
import { compareVersions } from './file/name.ts';
import type { History } from './ledger.ts';
import type { LedgerRow, StepRow } from './queries.ts';

export type State = 'applied' | 'applied (unverified)' | 'pending' | 'out-of-order' | 'changed' | 'missing' | 'partial';

/** One version, as the files and the ledger know it; at least one of `migration` and `row` is there. */
export interface MigrationState {
  readonly version: string;
  readonly description: string;
  readonly state: State;
  readonly migration: Migration | undefined;
  readonly row: LedgerRow | undefined;
  /** Steps of a file that stopped half way, in order; empty unless the state is partial. */
  readonly steps: readonly StepRow[];
  /** What a person should know about this state. */
  readonly note: string | undefined;
}

/** Joins files and ledger by version, never by description, in version order. Pure. */
export function statesOf(migrations: readonly Migration[], history: History): MigrationState[] {
  const latest = history.rows
    .map((row) => row.version)
    .toSorted(compareVersions)
    .at(-1);
  const matched = new Set<LedgerRow>();
  const known = migrations.map((migration) => {
    const row = history.rows.find((candidate) => compareVersions(candidate.version, migration.version) === 0);
    if (row !== undefined) matched.add(row);
    return stateOfFile(migration, row, { steps: history.steps, latest });
  });
  const without = history.rows.filter((row) => !matched.has(row)).map(stateWithoutFile);
  return [...known, ...without].toSorted((left, right) => compareVersions(left.version, right.version));
}

function stateOfFile(
  migration: Migration,
  row: LedgerRow | undefined,
  { steps, latest }: { steps: readonly StepRow[]; latest: string | undefined },
): MigrationState {
  const open = steps.filter(
    (step) =>
      step.direction === (row === undefined ? 'up' : 'down') && compareVersions(step.version, migration.version) === 0,
  );
  const { version, description } = migration;
  const { state, note } =
    row === undefined ? stateUnapplied(version, latest, open) : stateApplied(migration, row, open);
  return { version, description, state, migration, row, steps: open, note };
}

function stateUnapplied(
  version: string,
  latest: string | undefined,
  open: readonly StepRow[],
): Pick<MigrationState, 'state' | 'note'> {
  if (open.length > 0) return { state: 'partial', note: `${progressOf(open)}; up continues there` };
  if (latest !== undefined && compareVersions(version, latest) < 0) {
    return { state: 'out-of-order', note: `older than ${latest}, which is applied` };
  }
  return { state: 'pending', note: undefined };
}

function stateApplied(
  migration: Migration,
  row: LedgerRow,
  open: readonly StepRow[],
): Pick<MigrationState, 'state' | 'note'> {
  if (open.length > 0) return { state: 'partial', note: `rolling back: ${progressOf(open)}; down continues there` };
  if (row.checksum === null) return { state: 'applied (unverified)', note: 'recorded without a checksum' };
  if (row.checksum !== migration.checksum) return { state: 'changed', note: 'the file differs from what was applied' };
  return { state: 'applied', note: undefined };
}

function stateWithoutFile(row: LedgerRow): MigrationState {
  const unverified = row.checksum === null;
  return {
    version: row.version,
    description: row.description,
    state: unverified ? 'applied (unverified)' : 'missing',
    migration: undefined,
    row,
    steps: [],
    note: unverified ? 'recorded without a checksum, and no file has this version' : 'applied, but its file is gone',
  };
}

function progressOf(steps: readonly StepRow[]): string {
  const done = steps.filter((step) => step.outcome === 'done').length;
  const stopped = steps.find((step) => step.outcome !== 'done');
  const where =
    stopped === undefined
      ? ''
      : `, statement ${stopped.step} ${stopped.outcome === 'failed' ? 'failed' : 'was interrupted'}`;
  return `${counted(done, 'statement')} done${where}`;
}
