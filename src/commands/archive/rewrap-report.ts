import { counted } from '../../counted.ts';
import type {
  KeyCount,
  OldManifest,
  PlannedManifest,
  RewrapPlan,
  StayingManifest,
} from '../../domain/archive/rewrap/plan.ts';
import type { RewrapOutcome, Rewrapped } from '../../domain/archive/rewrap/rewrap.ts';
import type { Column, Report, Row } from '../../output/report.ts';
import { keptWarning } from './reports.ts';

const COLUMNS: readonly Column[] = [
  { name: 'manifest', type: 'integer' },
  { name: 'table' },
  { name: 'month' },
  { name: 'kind' },
  { name: 'state', type: 'state' },
  { name: 'keys' },
  { name: 'values', type: 'integer' },
  { name: 'rows', type: 'integer' },
  { name: 'size_bytes', type: 'bytes' },
  { name: 'new_manifest', type: 'integer' },
  { name: 'removed_files', type: 'integer' },
  { name: 'removed_bytes', type: 'bytes' },
  { name: 'problem' },
];

/** What `archive rewrap --dry-run` shows. */
export function planReport({ rewraps, stays, old }: RewrapPlan, removeOld: boolean, location: string): Report {
  return {
    command: 'archive rewrap',
    columns: COLUMNS,
    rows: [
      ...rewraps.map((planned) => ({
        ...rowOf(planned),
        state: planned.state === undefined ? 'to rewrap' : 'to go on',
      })),
      ...old.map((manifest) => oldRow(manifest, removeOld)),
      ...stays.map(stayRow),
    ],
    notes: [
      rewraps.length === 0
        ? 'no archive has values that are to be encrypted anew'
        : `${counted(rewraps.length, 'manifest')} with ${sumOf(rewraps, valuesOf)} values to encrypt anew in ${location}`,
      ...stays.map(stayNote),
      ...(removeOld && rewraps.length > 0 ? ['their old files go once the new ones are proven'] : []),
      ...(old.length > 0 ? [keptNote(old, removeOld)] : []),
      'nothing was changed',
    ],
  };
}

export function rewrappedReport({ outcomes, stays, old, kept }: Rewrapped): Report {
  const problems = outcomes.flatMap(({ problem }) => problem ?? []);
  const unhealthy = problems.some(({ code }) => code === 'unhealthy' || code === 'decrypt_failed');
  const done = outcomes.filter(({ state }) => state === 'rewrapped');
  const removed = outcomes.filter(({ state }) => state === 'removed');
  const hidden = sumOf(removed, (outcome) => outcome.removed?.hidden ?? 0);
  const lines = outcomes.flatMap(({ planned, problem }) =>
    problem === undefined ? [] : problemNotes(planned, problem),
  );
  return {
    command: 'archive rewrap',
    columns: COLUMNS,
    rows: [...outcomes.map(outcomeRow), ...old.map((manifest) => oldRow(manifest, false)), ...stays.map(stayRow)],
    outcome: unhealthy ? 'unhealthy' : problems.length + kept.length > 0 ? 'partial' : 'ok',
    notes: [
      ...lines,
      ...stays.map(stayNote),
      ...(done.length === 0
        ? []
        : [
            `${counted(done.length, 'manifest')} rewrapped: ${sumOf(done, ({ planned }) => valuesOf(planned))} values are under the active keys, read back and signed`,
          ]),
      ...(removed.length === 0
        ? []
        : [
            `${counted(
              sumOf(removed, (outcome) => outcome.removed?.files ?? 0),
              'old file',
            )} removed after their rows were proven elsewhere`,
          ]),
      ...(hidden === 0
        ? []
        : [
            `${hidden} of them can still be had as older versions (versioning or Object Lock), under their old keys, until the bucket lets these go`,
          ]),
      ...(old.length > 0 ? [keptNote(old, false)] : []),
      outcomes.length === 0
        ? 'no archive has values that are to be encrypted anew'
        : 'ordersync archive head prints what to write down',
    ],
    warnings: kept.map(keptWarning),
  };
}

function rowOf({ sequence, table, month, role, rows, bytes, keys }: PlannedManifest): Row {
  return {
    manifest: sequence,
    table,
    month,
    kind: role,
    keys: keys.map(({ key }) => key),
    values: sumOf(keys, ({ values }) => values),
    rows,
    size_bytes: bytes,
  };
}

function outcomeRow({ planned, state, successor, removed, problem }: RewrapOutcome): Row {
  return {
    ...rowOf(planned),
    state,
    new_manifest: successor ?? null,
    removed_files: removed?.files ?? null,
    removed_bytes: removed?.bytes ?? null,
    problem: problem?.message ?? null,
  };
}

function oldRow(manifest: OldManifest, removing: boolean): Row {
  return { ...rowOf(manifest), state: removing ? 'to remove' : 'old files kept', new_manifest: manifest.successor };
}

function stayRow(staying: StayingManifest): Row {
  return { ...rowOf(staying), state: 'stays', problem: staying.why };
}

function stayNote({ sequence, table, month, keys, why }: StayingManifest): string {
  return `manifest ${sequence} (${table} ${month}) keeps its values under ${keys.map(named).join(', ')}: ${why}`;
}

function named({ key, values }: KeyCount): string {
  return `${key} (${values})`;
}

function keptNote(old: readonly OldManifest[], removing: boolean): string {
  const what = `the files of ${counted(old.length, 'superseded manifest')}`;
  return removing
    ? `${what} go once the files that hold their rows now are proven again`
    : `${what} are kept, and their keys needed: ordersync archive rewrap --remove-old removes them after another proof`;
}

function problemNotes(
  { sequence, table, month }: PlannedManifest,
  { message, details }: NonNullable<RewrapOutcome['problem']>,
): readonly string[] {
  return [
    `manifest ${sequence} (${table} ${month}): ${message}`,
    ...(details.body ?? []).slice(0, 20).map((line) => `  ${line}`),
    ...(details.hint === undefined ? [] : [`  ${details.hint}`]),
  ];
}

function valuesOf({ keys }: PlannedManifest): number {
  return sumOf(keys, ({ values }) => values);
}

function sumOf<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
