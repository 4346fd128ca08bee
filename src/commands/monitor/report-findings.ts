import type { AnyCommand } from '../../cli/command.ts';
import type { OptionSet } from '../../cli/options.ts';
import type { Context, Work } from '../../context.ts';
import { redact } from '../../db/redact.ts';
import { describeServerError } from '../../db/server-error.ts';
import { sqlstateOf } from '../../db/sqlstate.ts';
import type { CheckResult } from '../../domain/checks/check.ts';
import type { SecurityReport } from '../../domain/security/finding.ts';
import type { Chapter, PageSection, SectionVerdict } from '../../output/report.ts';
import type { CheckOutcome } from '../check/check.ts';
import { check } from '../check/check.ts';
import { security } from '../security/index.ts';
import { checkSections } from './report-checks.ts';
import { securitySection } from './report-security.ts';

/**
 * The chapters `check` and `security`: every check and every verb of security with its defaults. What cannot look is
 * unknown with its reason, and hides nothing else; only a bug is thrown.
 */
export async function* readFindings(ctx: Context): Work<readonly Chapter[]> {
  return [yield* checkChapter(ctx), yield* securityChapter(ctx)];
}

async function* checkChapter(ctx: Context): Work<Chapter> {
  const chapter = { name: 'check', title: check.summary, command: 'ordersync check' };
  let results: readonly CheckResult[];
  try {
    const outcome = yield* runCheck(ctx);
    results = outcome.kind === 'results' ? outcome.results : [];
  } catch (error) {
    return { ...chapter, sections: [blindSection(ctx, { name: 'check', title: check.summary }, error)] };
  }
  return { ...chapter, sections: checkSections(results) };
}

/** With the options that it has when none is given. */
function runCheck(ctx: Context): Work<CheckOutcome> {
  const command: AnyCommand = check;
  return command.run(ctx, defaultsOf(command), undefined) as Work<CheckOutcome>; // as it is defined in its module
}

async function* securityChapter(ctx: Context): Work<Chapter> {
  const sections: PageSection[] = [];
  for (const load of Object.values(security.verbs)) {
    const command = await load();
    yield { kind: 'phase', message: `looking at security ${command.name}` };
    sections.push(await sectionOf(ctx, command));
  }
  return {
    name: 'security',
    title: 'attacks, rights, row security and encryption',
    command: 'ordersync security',
    sections,
  };
}

async function sectionOf(ctx: Context, command: AnyCommand): Promise<PageSection> {
  try {
    // A verb's plan is its look; only with --record would more follow.
    const report = (await command.plan?.(ctx, defaultsOf(command), { dryRun: true })) as SecurityReport;
    return securitySection(command, report);
  } catch (error) {
    return blindSection(ctx, { name: command.name, title: command.summary }, error);
  }
}

/** A request without options. */
function defaultsOf({ options = {} }: AnyCommand): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options as OptionSet).map(([name, { default: value }]) => [name, value]));
}

/** @throws the error when it is neither an answer of the server nor a refusal of this program */
function blindSection(
  { signal }: Pick<Context, 'signal'>,
  { name, title }: Pick<PageSection, 'name' | 'title'>,
  error: unknown,
): PageSection {
  signal.throwIfAborted();
  const sqlstate = sqlstateOf(error);
  const described = describeServerError(error);
  if (described === undefined && sqlstate === undefined) throw error;
  const verdict: SectionVerdict = {
    section: name,
    verdict: 'unknown',
    reason: redact(described?.message ?? `the server refused the query with ${sqlstate}`),
    fix: described?.details.hint === undefined ? null : redact(described.details.hint),
  };
  return { name, title, columns: [], rows: [], verdict, empty: undefined, losses: [], chart: undefined };
}
