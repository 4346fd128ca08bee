import type { ReportColumn } from '../../domain/reports/report-file.ts';
import type { ReportResult } from '../../domain/reports/report.ts';
import type { SectionResult } from '../../domain/reports/run.ts';
import type { Answer, Column, Outcome, Report, Row, Section } from '../../output/report.ts';

interface Presentation {
  /** "monitor replication" */
  readonly command: string;
  /** Whether a bad or unknown verdict decides the exit code. */
  readonly check: boolean;
  /** Whether the command has several files: its rows then say which one they are of, even when one only has run. */
  readonly several: boolean;
}

export function presentReport(
  { sections, judgement }: ReportResult,
  { command, check, several }: Presentation,
): Report {
  const presented = sections.map(sectionOf);
  const [first] = presented;
  return {
    command,
    columns: several ? [] : (first?.columns ?? []),
    rows: several ? [] : (first?.rows ?? []),
    ...(several ? { sections: presented } : {}),
    verdicts: sections.flatMap(({ file, judgement: own }) =>
      own === undefined
        ? []
        : [{ section: file.section, verdict: own.verdict, reason: joined(own.reasons), fix: joined(own.fixes) }],
    ),
    answers: sections.flatMap((section) => answerOf(section, command)),
    warnings: sections.flatMap(warningsOf),
    notes: notesOf(sections, judgement),
    outcome: outcomeOf(sections, judgement, check),
  };
}

/** One section, as programs that ask again and again read it. */
function answerOf({ file, judgement, durationMs }: SectionResult, command: string): Answer[] {
  if (judgement === undefined) return [];
  const { verdict, reasons, fixes } = judgement;
  const message = joined(reasons) ?? file.summary;
  const details = fixes.map((fix) => `fix: ${fix}`);
  return [{ id: file.section, title: file.summary, group: command, severity: verdict, message, details, durationMs }];
}

/** Without --check an answer is an answer, whatever it says; but where nothing at all could be looked at there is none. */
function outcomeOf(sections: readonly SectionResult[], judgement: ReportResult['judgement'], check: boolean): Outcome {
  if (sections.every(({ looked }) => !looked)) return 'unknown';
  if (!check || judgement === undefined || judgement.verdict === 'ok') return 'ok';
  return judgement.verdict === 'unknown' ? 'unknown' : 'unhealthy';
}

function warningsOf(section: SectionResult): string[] {
  const lost = section.losses.map(({ reason, fix }) => `${section.file.section}: ${reason}; ${fix}`);
  if (section.looked) return lost;
  const { reasons = [], fixes = [] } = section.judgement ?? {};
  return [`${section.file.section} is unknown: ${reasons.join('; ')}; ${fixes.join('; ')}`, ...lost];
}

const MOST_FIXES = 5;

function notesOf(sections: readonly SectionResult[], judgement: ReportResult['judgement']): string[] {
  const empty = sections.flatMap((section) => emptyWords(section) ?? []);
  if (judgement === undefined || judgement.verdict === 'ok') return empty;
  const seen = sections.filter(({ looked }) => looked).flatMap(({ judgement: own }) => own?.fixes ?? []);
  const fixes = [...new Set(seen)];
  return [
    ...empty,
    `verdict: ${judgement.verdict}`,
    ...fixes.slice(0, MOST_FIXES).map((fix) => `fix: ${fix}`),
    ...(fixes.length > MOST_FIXES ? [`${fixes.length - MOST_FIXES} more fixes are in the column fix: --verbose`] : []),
  ];
}

/** What it means that a section has no rows; undefined when it has some, or when there may be some that it cannot see. */
export function emptyWords({ file, rows, losses, judgement }: SectionResult): string | undefined {
  return rows.length > 0 || losses.length > 0 || judgement?.verdict === 'unknown' ? undefined : file.empty;
}

export function sectionOf({ file, columns, rows, judgement }: SectionResult): Section {
  const verdicts: readonly Column[] =
    judgement === undefined
      ? []
      : [{ name: 'verdict', type: 'state' }, { name: 'reason' }, { name: 'fix', wide: true }];
  return {
    name: file.section,
    title: file.title,
    columns: [...columns.map(columnOf), ...verdicts],
    rows: rows.map(({ values, judgement: own }) => ({
      // The values of a row are what the types of the header say: text, numbers, booleans and lists of text.
      ...(values as Row),
      ...(own === undefined ? {} : { verdict: own.verdict, reason: joined(own.reasons), fix: joined(own.fixes) }),
    })),
  };
}

function joined(texts: readonly string[]): string | null {
  return texts.length === 0 ? null : texts.join('; ');
}

const TYPES: Readonly<Record<string, Column['type']>> = {
  boolean: 'boolean',
  integer: 'integer',
  bigint: 'integer',
  'double precision': 'number',
  numeric: 'number',
  'timestamp with time zone': 'time',
};

function columnOf({ name, type, unit, flags }: ReportColumn): Column {
  return { name, type: unit ?? TYPES[type] ?? 'text', ...(flags.includes('wide') ? { wide: true } : {}) };
}
