import { counted } from '../../counted.ts';
import type { ListedArchive } from '../../domain/archive/list/queries.ts';
import type { ArchivePlan, PlannedMonth } from '../../domain/archive/plan/plan.ts';
import type { PlannedStatement } from '../../domain/archive/plan/statements.ts';
import type { Archived, MonthOutcome } from '../../domain/archive/run/run.ts';
import type { KeptFile } from '../../domain/archive/removal.ts';
import { describeLocks } from '../../domain/partitions/locks.ts';
import type { Column, Report, Row } from '../../output/report.ts';

export const ARCHIVE_COLUMNS: readonly Column[] = [
  { name: 'table' },
  { name: 'month' },
  { name: 'kind' },
  { name: 'state', type: 'state' },
  { name: 'rows', type: 'integer' },
  { name: 'dependant_rows', type: 'integer' },
  { name: 'size_bytes', type: 'bytes' },
  { name: 'manifest', type: 'integer' },
  { name: 'keys' },
  { name: 'location' },
  { name: 'root', wide: true },
  { name: 'digest', wide: true },
  { name: 'restored_to', wide: true },
  { name: 'updated_at', type: 'time', wide: true },
  { name: 'problem', wide: true },
];

export function archiveRow(archive: ListedArchive): Row {
  return {
    table: archive.table,
    month: archive.month,
    kind: kindOf(archive),
    state: archive.state,
    rows: archive.rows,
    dependant_rows: archive.dependantRows,
    size_bytes: archive.bytes,
    manifest: archive.sequence,
    keys: archive.keys,
    location: archive.location,
    root: archive.root,
    digest: archive.digest,
    restored_to: archive.restoredTo,
    updated_at: archive.updatedAt,
    problem: archive.problem,
  };
}

/** What `archive run --dry-run` shows: the months, and as text every statement with what it locks. */
export function planReport(
  { months, stays }: ArchivePlan,
  statements: ReadonlyMap<PlannedMonth, readonly PlannedStatement[]>,
  location: string,
): Report {
  const textOf = (month: PlannedMonth): readonly string[] => (statements.get(month) ?? []).map(statementText);
  return {
    command: 'archive run',
    columns: [
      { name: 'table' },
      { name: 'month' },
      { name: 'kind' },
      { name: 'state', type: 'state' },
      { name: 'rows_estimate', type: 'integer' },
      { name: 'size_bytes', type: 'bytes' },
      { name: 'why', wide: true },
      { name: 'sql', wide: true },
    ],
    rows: [
      ...months.map((month) => ({
        table: month.table.table,
        month: month.month,
        kind: kindOf(month),
        state: month.entry?.state ?? 'new',
        rows_estimate: month.rows,
        size_bytes: month.bytes,
        sql: textOf(month),
      })),
      ...stays.map(({ table, month, why }) => ({ table, month, state: 'stays', why })),
    ],
    ...(months.length === 0
      ? {}
      : { text: months.map((month) => [`-- ${nameOf(month)}`, ...textOf(month), ''].join('\n')).join('\n') }),
    notes: [
      months.length === 0
        ? 'nothing is old enough'
        : `${counted(months.length, 'month')} to archive in ${location}; nothing was changed`,
      ...stays.map(stayNote),
    ],
  };
}

export function archivedReport(
  { outcomes, stays, kept }: Archived,
  archives: ReadonlyMap<string, ListedArchive>,
): Report {
  const problems = outcomes.flatMap(({ problem }) => problem ?? []);
  const unhealthy = problems.some(({ code }) => code === 'unhealthy' || code === 'checksum_mismatch');
  return {
    command: 'archive run',
    columns: [...ARCHIVE_COLUMNS, { name: 'duration_ms', type: 'ms' }],
    rows: [
      ...outcomes.map((outcome) => outcomeRow(outcome, archives)),
      ...stays.map(({ table, month, why }) => ({ table, month, state: 'stays', problem: why })),
    ],
    outcome: unhealthy ? 'unhealthy' : problems.length + kept.length > 0 ? 'partial' : 'ok',
    notes: [
      ...outcomes.flatMap(({ problem }) => (problem === undefined ? [] : problemNotes(problem))),
      ...stays.map(stayNote),
      outcomes.length === 0 ? 'nothing to archive' : summaryOf(outcomes),
    ],
    warnings: kept.map(keptWarning),
  };
}

/** Told once more at the end: nothing that runs later comes back to it. */
export function keptWarning({ key }: KeptFile): string {
  return `${key} is part of no archive, and the store keeps it: remove it there when it may go (archive verify names it until then)`;
}

function outcomeRow(
  { planned, entry, problem, durationMs }: MonthOutcome,
  archives: ReadonlyMap<string, ListedArchive>,
): Row {
  const archive = entry === undefined ? undefined : archives.get(entry.id);
  const known =
    archive === undefined
      ? { table: planned.table.table, month: planned.month, kind: kindOf(planned) }
      : archiveRow(archive);
  const state = problem === undefined ? (archive?.state ?? 'covered') : 'failed';
  return { ...known, state, problem: problem?.message ?? null, duration_ms: Math.round(durationMs) };
}

function problemNotes({ message, details }: NonNullable<MonthOutcome['problem']>): readonly string[] {
  return [
    message,
    ...(details.body ?? []).slice(0, 20).map((line) => `  ${line}`),
    ...(details.hint === undefined ? [] : [`  ${details.hint}`]),
  ];
}

function summaryOf(outcomes: readonly MonthOutcome[]): string {
  const count = (state: string): number => outcomes.filter(({ entry }) => entry?.state === state).length;
  const parts = [
    [count('dropped'), 'proven and dropped'],
    [count('verified') + count('detached'), 'proven and kept'],
    [outcomes.filter(({ problem }) => problem !== undefined).length, 'not finished'],
  ] as const;
  const said = parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  return `${counted(outcomes.length, 'month')}: ${said.join(', ') || 'empty ones taken away'}; ordersync archive head prints what to write down`;
}

function stayNote({ table, month, why }: ArchivePlan['stays'][number]): string {
  return `${table} ${month} stays: ${why}`;
}

function statementText({ sql, locks, comment }: PlannedStatement): string {
  return [
    ...(comment === undefined ? [] : [`--   ${comment}`]),
    ...locks.map((held) => `--   ${describeLocks(held)}`),
    `${sql};`,
  ].join('\n');
}

function nameOf(month: PlannedMonth): string {
  return `${month.table.table} ${month.month}${month.kind === 'month' ? '' : ` (${kindOf(month)})`}`;
}

function kindOf({ kind, number }: { readonly kind: string; readonly number: number }): string {
  return kind === 'supplement' ? `supplement ${number}` : kind;
}
