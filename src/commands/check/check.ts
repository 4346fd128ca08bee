import type { Work } from '../../context.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { readBaseline } from '../../domain/checks/baseline.ts';
import type { Baseline } from '../../domain/checks/baseline.ts';
import { readChecks } from '../../domain/checks/catalog.ts';
import type { Check, CheckResult } from '../../domain/checks/check.ts';
import { PROFILES } from '../../domain/checks/check.ts';
import { requireUrls } from '../../domain/checks/monitoring.ts';
import { runChecks } from '../../domain/checks/run.ts';
import { selectChecks } from '../../domain/checks/select.ts';
import { SPECIFIED_RAM } from '../../domain/checks/settings/rules.ts';
import { applyWaivers, requireKnown } from '../../domain/checks/waivers.ts';
import { listReport, resultsReport } from './reports.ts';

export type CheckOutcome =
  | { readonly kind: 'list'; readonly checks: readonly Check[] }
  | { readonly kind: 'results'; readonly results: readonly CheckResult[]; readonly baseline: Baseline | undefined };

export const check = defineCommand({
  name: 'check',
  summary: 'the deployment checklist and the on-call checks, with evidence and fix',
  description:
    "Looks at every box of the specification's checklist, every setting of its postgresql.conf, and what on-call looks at " +
    'first. Changes nothing: what the audit checks try out is rolled back. A check that cannot look is unknown, with the missing right. Exit 5 when something is as bad as ' +
    '--fail-on says. --format also takes nagios and junit. Waivers stand in ordersync.config.json (docs/check.md).',
  options: {
    list: option.flag('list the checks and look at nothing'),
    only: option.texts('only this check, or sec.* for all that begin with sec.; may be repeated', {
      placeholder: 'id',
    }),
    skip: option.texts('not this check; may be repeated', { placeholder: 'id' }),
    profile: option.choice(PROFILES, 'only the checks of this occasion'),
    failOn: option.choice(['warning', 'critical', 'never'], 'what ends with exit code 5', { default: 'warning' }),
    baseline: option.text('compare with this earlier JSON report', { placeholder: 'file' }),
    timeout: option.duration('time for all checks together', { default: 60_000 }),
    sampleRows: option.integer('rows of each encrypted table to look at', {
      min: 1,
      max: 100_000_000,
      default: 10_000,
    }),
    ram: option.bytes("memory of the server's machine; default: 8GB, as in the specification", {
      default: SPECIFIED_RAM,
    }),
    exporterUrl: option.text('where the Prometheus exporter answers', { placeholder: 'url' }),
    prometheusUrl: option.text('where Prometheus answers', { placeholder: 'url' }),
    grafanaUrl: option.text('where Grafana answers', { placeholder: 'url' }),
  },
  examples: [
    'ordersync check',
    'ordersync check --profile pre-deploy --fail-on critical',
    "ordersync check --only 'sec.*' --format markdown",
    'ordersync check --profile oncall --format nagios',
  ],
  formats: ['nagios', 'junit'],
  run: async function* (ctx, request): Work<CheckOutcome> {
    const { exporterUrl, prometheusUrl, grafanaUrl, sampleRows, ram: ramBytes } = request;
    const options = { exporterUrl, prometheusUrl, grafanaUrl, sampleRows, ramBytes };
    requireUrls(options);
    const all = await readChecks();
    requireKnown(ctx.config.waivers, all);
    const checks = selectChecks(all, request);
    if (request.list) return { kind: 'list', checks };
    const baseline = request.baseline === undefined ? undefined : await readBaseline(request.baseline);
    const session = await ctx.db.session();
    const results = yield* runChecks(ctx, session, checks, { timeoutMs: request.timeout, options });
    return { kind: 'results', results: applyWaivers(results, ctx.config.waivers, ctx.clock.now()), baseline };
  },
  present: (outcome, { failOn }) =>
    outcome.kind === 'list' ? listReport(outcome.checks) : resultsReport(outcome, failOn),
});
