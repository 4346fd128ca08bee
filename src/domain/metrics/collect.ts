import { counted } from '../../counted.ts';
import type { Context } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { sqlstateOf } from '../../db/sqlstate.ts';
import { OrdersyncError } from '../../errors.ts';
import { version } from '../../version.ts';
import { VERDICTS } from '../reports/report-file.ts';
import type { SectionResult } from '../reports/run.ts';
import { runSection } from '../reports/run.ts';
import type { Sample } from './family.ts';
import { samples as samplesFor } from './family.ts';
import { OWN } from './own.ts';
import type { Look, LookOutcome } from './own-collector.ts';
import type { Collector, Registry } from './registry.ts';
import { defaultValues, samplesOf } from './section.ts';

type Clock = Context['clock'];
type Needs = { readonly session: Session; readonly clock: Clock };

export interface CollectRequest {
  /** For one collector. */
  readonly timeoutMs: number;
  /** On the monotonic clock: a collector that has not begun by then is left out, and has not succeeded. */
  readonly endsAtMs: number;
}

export interface Collected {
  readonly samples: readonly Sample[];
  /** Collectors that could not look, and why. */
  readonly problems: readonly { readonly collector: string; readonly reason: string }[];
}

/** Runs every collector, one after the other; one that fails hides none of the others. Throws when the session is lost. */
export async function collect(needs: Needs, { collectors }: Registry, request: CollectRequest): Promise<Collected> {
  const { session, clock } = needs;
  const began = clock.monotonicMs();
  const samples: Sample[] = [];
  const problems: { collector: string; reason: string }[] = [];
  for (const collector of collectors.filter((own) => isMeant(own, session))) {
    const started = clock.monotonicMs();
    const outcome = await outcomeOf(needs, collector, request);
    if (outcome.problem !== undefined) problems.push({ collector: collector.name, reason: outcome.problem });
    samples.push(
      ...outcome.samples,
      ...samplesFor(OWN.success, outcome.problem === undefined, [collector.name]),
      ...samplesFor(OWN.duration, (clock.monotonicMs() - started) / 1000, [collector.name]),
    );
  }
  return { samples: [...factsOf(needs, began), ...samples], problems };
}

/** What an answer says when the server cannot be reached. */
export function downSamples(): readonly Sample[] {
  return [...samplesFor(OWN.up, false), ...samplesFor(OWN.info, true, [version()])];
}

function factsOf({ session: { server }, clock }: Needs, began: number): readonly Sample[] {
  return [
    ...samplesFor(OWN.up, true),
    ...samplesFor(OWN.info, true, [version()]),
    ...samplesFor(OWN.serverInfo, true, [server.version, server.database, server.inRecovery ? 'standby' : 'primary']),
    ...samplesFor(OWN.scrapeDuration, (clock.monotonicMs() - began) / 1000),
    ...samplesFor(OWN.collectedAt, clock.now().getTime() / 1000),
  ];
}

function isMeant(collector: Collector, { server }: Session): boolean {
  return (
    collector.kind !== 'section' ||
    collector.section.file.only.every(({ kind }) => (kind === 'standby') === server.inRecovery)
  );
}

async function outcomeOf(needs: Needs, collector: Collector, request: CollectRequest): Promise<LookOutcome> {
  const statementTimeoutMs = Math.min(request.timeoutMs, request.endsAtMs - needs.clock.monotonicMs());
  if (statementTimeoutMs <= 0) return { samples: [], problem: 'no time was left for it' };
  if (collector.kind === 'own') return ownOutcome(needs, collector.look, statementTimeoutMs);
  const { section } = collector;
  const { file } = section;
  const result = await runSection(needs, file, { values: defaultValues(file), statementTimeoutMs });
  const { samples, repeated } = samplesOf(section, result);
  return {
    samples: [...samples, ...verdictSamples(collector.name, result)],
    problem:
      problemOf(result) ??
      (repeated === 0 ? undefined : `${counted(repeated, 'row')} left out: another has the same labels`),
  };
}

function problemOf({ looked, judgement }: SectionResult): string | undefined {
  return looked ? undefined : (judgement?.reasons.join('; ') ?? 'it could not run');
}

/** A database without the schema, a right that is missing, a time that ran out: answers of the server, and no faults here. */
async function ownOutcome(needs: Needs, look: Look, timeoutMs: number): Promise<LookOutcome> {
  try {
    return await look(needs, timeoutMs);
  } catch (error) {
    const answered = error instanceof OrdersyncError || sqlstateOf(error) !== undefined;
    if (needs.session.lost || !answered) throw error;
    return { samples: [], problem: (error as Error).message };
  }
}

function verdictSamples(collector: string, { judgement }: SectionResult): readonly Sample[] {
  if (judgement === undefined) return [];
  return VERDICTS.flatMap((verdict) => samplesFor(OWN.verdict, judgement.verdict === verdict, [collector, verdict]));
}
