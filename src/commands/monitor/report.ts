import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { OverviewChapter } from '../../domain/monitor/overview.ts';
import { readOverview } from '../../domain/monitor/overview.ts';
import { worst } from '../../domain/reports/judge.ts';
import type { Chart, Chapter, PageSection, Report, SectionVerdict } from '../../output/report.ts';
import { emptyWords, presentReport } from '../reports/present.ts';
import { readFindings } from './report-findings.ts';

/** What on-call asks first comes first. */
const FIRST = ['activity', 'blocking', 'connections', 'slow-queries', 'table-sizes', 'cache', 'indexes', 'vacuum'];

/** By section; a section that is not here is a table only. */
const CHARTS: Readonly<Record<string, Chart>> = {
  'slow-queries': { label: 'query', values: ['total_ms'] },
  connections: { label: 'name', values: ['connections'] },
  'table-sizes': { label: 'table', values: ['table_bytes', 'toast_bytes', 'index_bytes'] },
  cache: { label: 'database', values: ['hit_ratio'], full: 1 },
  kinds: { label: 'kind', values: ['hit_ratio'], full: 1 },
  tables: { label: 'table', values: ['reads'] },
  vacuum: { label: 'table', values: ['over_threshold'] },
  wraparound: { label: 'database', values: ['freeze_ratio'], full: 1 },
  bloat: { label: 'table', values: ['needed_bytes', 'bloat_bytes'] },
  sequences: { label: 'sequence', values: ['used'], full: 1 },
  slots: { label: 'slot', values: ['retained_bytes'] },
  replication: { label: 'standby', values: ['lag_bytes'] },
  volumes: { label: 'table', values: ['total_bytes'] },
  keys: { label: 'key_type', values: ['age_ms'] },
  'index-targets': { label: 'index', values: ['size_bytes'] },
};

export const report = defineCommand({
  name: 'report',
  summary:
    'all reports, checks and findings of security as one page of HTML, without script, to be mailed, printed and kept',
  description:
    'Every report of monitor, every check and every verb of security with its defaults: verdict, reason and fix, charts, light and dark; what could ' +
    'not be looked at is listed with the reason. The page asks for nothing from anywhere. Literals of statements are masked.',
  options: {
    output: option.text('file to replace instead of writing to stdout', { placeholder: 'file' }),
    timeout: option.duration('how long one section may take on the server', { default: 15_000 }),
    replica: option.texts('a standby whose use of indexes counts too, as in monitor indexes; may be repeated', {
      placeholder: 'connection',
    }),
    check: option.flag('exit 5 when a verdict is warning or critical, 3 when it is unknown'),
  },
  examples: ['ordersync monitor report --output report.html', 'ordersync monitor report --output report.html --check'],
  run: async function* (ctx, { timeout, replica }) {
    const session = await ctx.db.session();
    const replicas = await ctx.replicas(replica);
    const needs = { session, clock: ctx.clock, signal: ctx.signal };
    const reports = yield* readOverview(needs, { first: FIRST, statementTimeoutMs: timeout, replicas });
    return { reports, findings: yield* readFindings(ctx) };
  },
  present: ({ reports, findings }, { output, check }) => overviewReport({ reports, findings, file: output, check }),
});

interface Overview {
  readonly reports: readonly OverviewChapter[];
  readonly findings: readonly Chapter[];
  readonly file: string | undefined;
  readonly check: boolean;
}

function overviewReport({ reports, findings, file, check }: Overview): Report {
  const sections = reports.flatMap((chapter) => chapter.sections);
  const found = findings.flatMap((chapter) => chapter.sections);
  const judgements = [
    ...sections.flatMap(({ judgement }) => judgement ?? []),
    ...found.flatMap(verdictsOf).map(({ verdict }) => ({ verdict, reasons: [], fixes: [] })),
  ];
  const whole = presentReport(
    { sections, judgement: judgements.length === 0 ? undefined : worst(judgements) },
    { command: 'monitor report', check, several: true },
  );
  const chapters = [...reports.map(chapterOf), ...findings];
  return {
    command: 'monitor report',
    columns: [
      { name: 'report' },
      { name: 'section' },
      { name: 'verdict', type: 'state' },
      { name: 'reason' },
      { name: 'fix', wide: true },
    ],
    rows: chapters.flatMap(({ name, sections: own }) =>
      own.flatMap(verdictsOf).map((verdict) => ({ report: name, ...verdict })),
    ),
    outcome: whole.outcome ?? 'ok',
    warnings: [...(whole.warnings ?? []), ...found.flatMap(blindnessOf)],
    notes: file === undefined ? [] : [`the page is ${file}`],
    page: { title: 'PostgreSQL report', file, chapters },
  };
}

/** Of a section as a whole, or of each thing that it has looked at. */
function verdictsOf({ findings, verdict }: PageSection): readonly SectionVerdict[] {
  return findings ?? (verdict === undefined ? [] : [verdict]);
}

/** A section that could not look has no row that would say so. */
function blindnessOf({ name, findings, verdict }: PageSection): string[] {
  if (findings !== undefined || verdict?.verdict !== 'unknown') return [];
  return [`${name} is unknown: ${[verdict.reason, verdict.fix].filter((text) => text !== null).join('; ')}`];
}

function chapterOf({ name, command, files, sections }: OverviewChapter): Chapter {
  return {
    name,
    title: files[0]?.summary ?? '',
    command,
    sections: sections.map(pageSection),
  };
}

function pageSection(result: OverviewChapter['sections'][number]): PageSection {
  const presented = presentReport(
    { sections: [result], judgement: result.judgement },
    { command: '', check: false, several: true },
  );
  const { name, title, columns, rows } = presented.sections?.[0] ?? { name: '', title: '', columns: [], rows: [] };
  return {
    name,
    title,
    columns,
    rows,
    verdict: presented.verdicts?.[0],
    empty: emptyWords(result),
    losses: result.losses.map(({ reason, fix }) => `${reason}; ${fix}`),
    chart: CHARTS[name],
  };
}
