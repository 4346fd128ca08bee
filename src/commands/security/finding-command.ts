import type { AnyCommand } from '../../cli/command.ts';
import { defineCommand } from '../../cli/command.ts';
import type { OptionSet, Values } from '../../cli/options.ts';
import { option } from '../../cli/options.ts';
import type { Context, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import type { SecurityReport } from '../../domain/security/finding.ts';
import { recordable, recordFindings } from '../../domain/security/record.ts';
import type { Report } from '../../output/report.ts';

const HOUR_MS = 3_600_000;

/** What a verb of `security` adds to what they have in common. */
export interface FindingCommand<O extends OptionSet> {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly options: O;
  readonly examples: readonly string[];
  /** How far a report without `--since` looks back, for the window that --record goes by. */
  readonly windowMs?: number;
  readonly look: (
    ctx: Context,
    session: Session,
    request: Values<O> & Common,
  ) => Work<SecurityReport> | Promise<SecurityReport>;
}

interface Common {
  readonly timeout: number;
}

interface Looked extends SecurityReport {
  readonly recorded: number | undefined;
}

/** Looks, and with --record also writes what it found; --dry-run with it shows what would be written. */
export function findingCommand<O extends OptionSet>(command: FindingCommand<O>): AnyCommand {
  const { name, summary, description, examples } = command;
  const options: OptionSet = {
    ...command.options,
    timeout: option.duration('how long it may take on the server', { default: 60_000 }),
    record: option.flag('write the findings into security_metrics, once for each window'),
  };
  return defineCommand<OptionSet, {}, SecurityReport, Looked>({
    name,
    summary,
    description: `${description} Exit 5 when something is found, 3 when nothing could be looked at.`,
    options,
    examples,
    formats: ['nagios', 'junit'],
    // Typed by the very options that the verb has given.
    plan: async (ctx, request) => finished(command.look(ctx, await ctx.db.session(), request as Values<O> & Common)),
    presentPlan: (report) => findingsReport(name, { ...report, recorded: undefined }),
    intent: ({ findings }, { record }) => {
      const count = recordable(findings).length;
      if (record !== true || count === 0) return undefined;
      return { action: `record ${count} findings in security_metrics`, destructive: false };
    },
    run: async (ctx, request, report) => {
      if (request['record'] !== true) return { ...report, recorded: undefined };
      const since = Number(request['since'] ?? command.windowMs ?? HOUR_MS);
      const session = await ctx.db.session();
      const recorded = await recordFindings({ clock: ctx.clock, session }, report.findings, {
        verb: name,
        windowMs: since,
      });
      return { ...report, recorded };
    },
    present: (looked) => findingsReport(name, looked),
  });
}

/** Its progress is short and not told; the runner tells that of `run`. */
async function finished(work: Work<SecurityReport> | Promise<SecurityReport>): Promise<SecurityReport> {
  if (!(Symbol.asyncIterator in work)) return work;
  for (;;) {
    const step = await work.next();
    if (step.done === true) return step.value;
  }
}

const ORDER = ['critical', 'warning', 'unknown', 'ok'];

function findingsReport(name: string, { findings, warnings, recorded }: Looked): Report {
  const found = recordable(findings).length;
  const unseen = findings.filter(({ severity }) => severity === 'unknown').length;
  const sorted = findings.toSorted((left, right) => ORDER.indexOf(left.severity) - ORDER.indexOf(right.severity));
  return {
    command: `security ${name}`,
    columns: [
      { name: 'severity', type: 'state' },
      { name: 'finding' },
      { name: 'subject' },
      { name: 'count', type: 'integer' },
      { name: 'detail' },
      { name: 'first_at', type: 'time', wide: true },
      { name: 'last_at', type: 'time' },
    ],
    rows: sorted.map(({ severity, finding, subject, count, detail, firstAt, lastAt }) => ({
      severity,
      finding,
      subject,
      count,
      detail,
      first_at: firstAt,
      last_at: lastAt,
    })),
    outcome: found > 0 ? 'unhealthy' : unseen > 0 && unseen === findings.length ? 'unknown' : 'ok',
    answers: sorted.map(({ severity, finding, subject, detail }) => ({
      id: finding,
      title: subject,
      group: name,
      severity,
      message: `${subject}: ${detail}`,
      details: [],
      durationMs: 0,
    })),
    notes: [
      found > 0 ? `${found} findings` : unseen > 0 ? 'nothing found in what could be looked at' : 'nothing found',
      ...(unseen === 0 ? [] : [`${unseen} could not be looked at`]),
      ...(recorded === undefined ? [] : [`${recorded} new in security_metrics`]),
    ],
    warnings,
  };
}
