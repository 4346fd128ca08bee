import { counted } from '../../counted.ts';
import type { Difference } from '../../domain/migrations/catalogue/object-diff.ts';
import type { Drift } from '../../domain/migrations/drift.ts';
import type { Rehearsal, RehearsalFinding } from '../../domain/migrations/rehearse.ts';
import type { MigrationState } from '../../domain/migrations/states.ts';
import type { MigrationStatus } from '../../domain/migrations/status.ts';
import type { Report, Row } from '../../output/report.ts';

export interface Verified {
  readonly status: MigrationStatus;
  readonly drift: Drift | undefined;
  readonly rehearsal: Rehearsal | undefined;
}

/** One row per difference for machines; for people the changed definitions line by line, as diff writes them. */
export function schemaReport({ status, drift, rehearsal }: Verified): Report {
  const broken = status.states.filter(({ state }) => state === 'changed' || state === 'missing' || state === 'partial');
  const differences = drift?.differences ?? [];
  const finding = rehearsal?.finding;
  const faulty = broken.length > 0 || differences.length > 0 || finding !== undefined;
  return {
    command: 'migrate verify',
    columns: [
      { name: 'check' },
      { name: 'file' },
      { name: 'change', type: 'state' },
      { name: 'kind' },
      { name: 'object' },
      { name: 'expected', wide: true },
      { name: 'actual', wide: true },
    ],
    rows: [
      ...broken.map(fileRow),
      ...differences.map((difference) => differenceRow('schema', null, difference)),
      ...(finding === undefined ? [] : findingRows(finding)),
    ],
    ...(faulty ? textOf(differences, finding) : { text: 'no differences' }),
    outcome: faulty ? 'unhealthy' : 'ok',
    notes: [
      ...broken.map(({ version, state }) => `file of ${version}: ${state}`),
      ...(drift === undefined ? [] : driftNotes(drift)),
      ...(rehearsal === undefined ? [] : [rehearsalNote(rehearsal)]),
    ],
    warnings: [...status.problems.map(({ file, message }) => `${file}: ${message}`), ...(drift?.notes ?? [])],
  };
}

/** Without a text the table is shown: that is for files that are not as applied. */
function textOf(differences: readonly Difference[], finding: RehearsalFinding | undefined): Pick<Report, 'text'> {
  const parts = [...differences.map(differenceText), ...(finding === undefined ? [] : [findingText(finding)])];
  return parts.length === 0 ? {} : { text: parts.join('\n') };
}

function fileRow({ version, state, migration }: MigrationState): Row {
  const file = migration?.upFile ?? null;
  return { check: 'files', file, change: state, kind: 'migration', object: version, expected: null, actual: null };
}

function differenceRow(check: string, file: string | null, difference: Difference): Row {
  const { change, kind, identity, expected, actual } = difference;
  return { check, file, change, kind, object: identity, expected: expected ?? null, actual: actual ?? null };
}

function findingRows(finding: RehearsalFinding): Row[] {
  const { file, problem, message, differences } = finding;
  if (differences.length > 0) return differences.map((difference) => differenceRow('rehearse', file, difference));
  return [
    {
      check: 'rehearse',
      file,
      change: problem,
      kind: 'migration',
      object: finding.version,
      expected: null,
      actual: message,
    },
  ];
}

/** "missing index a on public.t", and below it the definition with - for what should be and + for what is. */
function differenceText({ change, kind, identity, expected, actual, lines }: Difference): string {
  const shown = lines?.map(({ sign, text }) => `${sign} ${text}`) ?? [...signed('-', expected), ...signed('+', actual)];
  return [`${change} ${kind} ${identity}`, ...shown.map((line) => `    ${line}`.trimEnd())].join('\n');
}

function signed(sign: string, definition: string | undefined): string[] {
  if (definition === undefined || definition === '') return [];
  return definition
    .trimEnd()
    .split('\n')
    .map((line) => `${sign} ${line}`);
}

function findingText({ message, body, differences, pass }: RehearsalFinding): string {
  return [`${pass}: ${message}`, ...body, ...differences.map(differenceText)].join('\n');
}

function driftNotes({ differences, files, objects, actual }: Drift): string[] {
  const from = `the ${counted(files, 'applied file')}`;
  if (differences.length > 0)
    return [`${counted(differences.length, 'difference')} from what ${from} make (- expected, + live)`];
  return [`${counted(objects, 'object')}, all as ${from} make them; fingerprint ${actual}`];
}

function rehearsalNote({ files, finding, fingerprint }: Rehearsal): string {
  if (finding === undefined) {
    return `${counted(files, 'file')} went up, down and up again to the same schema; fingerprint ${fingerprint ?? ''}`;
  }
  return `the rehearsal stopped at ${finding.file}, going ${finding.pass}`;
}
