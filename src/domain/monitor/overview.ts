import type { Context, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { defaultValues } from '../metrics/section.ts';
import { readReport, reportCommands } from '../reports/catalog.ts';
import type { ReportFile } from '../reports/report-file.ts';
import type { SectionResult } from '../reports/run.ts';
import { runReport } from '../reports/report.ts';

export interface OverviewChapter {
  readonly command: string;
  readonly files: readonly ReportFile[];
  readonly sections: readonly SectionResult[];
}

/** Every report with its defaults, one after the other, in the order of `first` and then by name. */
export async function* readOverview(
  needs: Pick<Context, 'clock' | 'signal'> & { readonly session: Session },
  { first, statementTimeoutMs }: { readonly first: readonly string[]; readonly statementTimeoutMs: number },
): Work<readonly OverviewChapter[]> {
  const commands = [...reportCommands('monitor')].toSorted(([left], [right]) => rank(first, left) - rank(first, right));
  const chapters: OverviewChapter[] = [];
  for (const [command, paths] of commands) {
    yield { kind: 'phase', message: `looking at ${command}` };
    const files = await readReport(paths);
    const values = Object.assign({}, ...files.map(defaultValues)) as Readonly<Record<string, unknown>>;
    const { sections } = yield* runReport(needs, files, { values, statementTimeoutMs, windowMs: undefined });
    chapters.push({ command, files, sections });
  }
  return chapters;
}

function rank(first: readonly string[], command: string): number {
  const index = first.indexOf(command);
  return index < 0 ? first.length : index;
}
