import type { Context, Replica, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { defaultValues } from '../metrics/section.ts';
import { readReport, reportCommands } from '../reports/catalog.ts';
import type { ReportFile } from '../reports/report-file.ts';
import type { SectionResult } from '../reports/run.ts';
import { runReport } from '../reports/report.ts';

export interface OverviewChapter {
  readonly name: string;
  /** What runs it alone; undefined where there is no such command. */
  readonly command: string | undefined;
  readonly files: readonly ReportFile[];
  readonly sections: readonly SectionResult[];
}

/** Figures that no report has: encryption keys and log-ins. */
const APPLICATION = ['application', ['sql/metrics/keys.sql', 'sql/metrics/logins.sql']] as const;

/** Every report with its defaults, one after the other, in the order of `first` and then by name. */
export async function* readOverview(
  needs: Pick<Context, 'clock' | 'signal'> & { readonly session: Session },
  {
    first,
    statementTimeoutMs,
    replicas,
  }: {
    readonly first: readonly string[];
    readonly statementTimeoutMs: number;
    readonly replicas: readonly Replica[];
  },
): Work<readonly OverviewChapter[]> {
  const reports = [...reportCommands('monitor')].toSorted(([left], [right]) => rank(first, left) - rank(first, right));
  const chapters: OverviewChapter[] = [];
  for (const [name, paths] of [...reports, APPLICATION] as const) {
    yield { kind: 'phase', message: `looking at ${name}` };
    const files = readReport(paths);
    const values = Object.assign({}, ...files.map(defaultValues)) as Readonly<Record<string, unknown>>;
    const { sections } = yield* runReport(needs, files, {
      values,
      statementTimeoutMs,
      windowMs: undefined,
      replicas,
    });
    chapters.push({
      name,
      command: paths === APPLICATION[1] ? undefined : `ordersync monitor ${name}`,
      files,
      sections,
    });
  }
  return chapters;
}

function rank(first: readonly string[], command: string): number {
  const index = first.indexOf(command);
  return index < 0 ? first.length : index;
}
