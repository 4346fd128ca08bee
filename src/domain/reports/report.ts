import type { Context, Replica, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import type { Judgement } from './judge.ts';
import { worst } from './judge.ts';
import { lookAtReplicas } from './replicas.ts';
import type { ReportFile } from './report-file.ts';
import type { SectionRequest, SectionResult } from './run.ts';
import { runSection, takeSnapshot } from './run.ts';

type Needs = Pick<Context, 'clock' | 'signal'> & { readonly session: Session };

export interface ReportRequest extends Omit<SectionRequest, 'baseline' | 'replicas'> {
  /** Counters are those of this long from now on, instead of since their last reset. */
  readonly windowMs: number | undefined;
  /** Standbys whose own counters belong to the answer. */
  readonly replicas?: readonly Replica[];
}

export interface ReportResult {
  readonly sections: readonly SectionResult[];
  /** The worst of the sections that judge; undefined when none does. */
  readonly judgement: Judgement | undefined;
}

/** Runs a command's sections one after the other; one that fails or cannot look hides none of the others. */
export async function* runReport(
  needs: Needs,
  files: readonly ReportFile[],
  { replicas: named = [], ...request }: ReportRequest,
): Work<ReportResult> {
  const release = cancelOnAbort(needs);
  try {
    const baselines = yield* baselinesOf(needs, files, request);
    const sections: SectionResult[] = [];
    for (const file of files) {
      needs.signal.throwIfAborted();
      if (!isWanted(file, needs.session, sections[0])) continue;
      const baseline = baselines.get(file);
      const replicas = named.length === 0 ? undefined : await lookAtReplicas(needs, file, { ...request, named });
      sections.push(
        await runSection(needs, file, {
          ...request,
          ...(baseline === undefined ? {} : { baseline }),
          ...(replicas === undefined ? {} : { replicas }),
        }),
      );
    }
    needs.signal.throwIfAborted();
    const judgements = sections.flatMap(({ judgement }) => judgement ?? []);
    return { sections, judgement: judgements.length === 0 ? undefined : worst(judgements) };
  } finally {
    release();
  }
}

function isWanted({ fallback, only }: ReportFile, { server }: Session, first: SectionResult | undefined): boolean {
  const meant = only.every(({ kind }) => (kind === 'standby') === server.inRecovery);
  return meant && (!fallback || first?.looked === false);
}

async function* baselinesOf(
  { session, clock, signal }: Needs,
  files: readonly ReportFile[],
  request: Omit<ReportRequest, 'replicas'>,
): Work<ReadonlyMap<ReportFile, string>> {
  const baselines = new Map<ReportFile, string>();
  if (request.windowMs === undefined) return baselines;
  for (const file of files) {
    const baseline = await takeSnapshot(session, file, request);
    if (baseline !== undefined) baselines.set(file, baseline);
  }
  yield { kind: 'phase', message: `counting for ${request.windowMs / 1000} s` };
  await clock.sleep(request.windowMs, signal);
  signal.throwIfAborted();
  return baselines;
}

/** The statement that runs now is cancelled; runSection then says so, and the next look at the signal ends the report. */
function cancelOnAbort({ session, signal }: Needs): () => void {
  const cancel = (): void => void session.cancel();
  signal.addEventListener('abort', cancel);
  return () => signal.removeEventListener('abort', cancel);
}
