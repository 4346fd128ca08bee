import { defineCommand } from '../../cli/command.ts';
import type { Context, Work } from '../../context.ts';
import type { KeyType } from '../../domain/encryption/registry.ts';
import { abortRuns, planAbort } from '../../domain/keys/rotate/abort.ts';
import { createRotationBatch } from '../../domain/keys/rotate/batch.ts';
import type { RotationPlan } from '../../domain/keys/rotate/plan.ts';
import { planRotation, typesWithKeys } from '../../domain/keys/rotate/plan.ts';
import { rotateType } from '../../domain/keys/rotate/rotate.ts';
import type { TypeRotation } from '../../domain/keys/rotate/rotation.ts';
import type { RunRow } from '../../domain/keys/rotate/run-queries.ts';
import type { RotationStatus } from '../../domain/keys/rotate/status.ts';
import { readRotationStatus } from '../../domain/keys/rotate/status.ts';
import { rotationTables } from '../../domain/keys/rotate/tables.ts';
import { withKmsTimeout } from './options.ts';
import type { RotateValues } from './rotate-options.ts';
import { jobsOf, paceOf, requireSense, ROTATE_OPTIONS, sampleOf, typesOf } from './rotate-options.ts';
import { planReport } from './rotate-plan-report.ts';
import { rotateReport } from './rotate-report.ts';
import { abortReport, statusReport } from './rotate-status-report.ts';

type RotatePlan =
  | { readonly mode: 'status' }
  | { readonly mode: 'abort'; readonly runs: readonly RunRow[] }
  | { readonly mode: 'rotate'; readonly plans: readonly RotationPlan[] };

type RotateResult =
  | { readonly mode: 'status'; readonly status: RotationStatus }
  | { readonly mode: 'abort'; readonly runs: readonly RunRow[] }
  | { readonly mode: 'rotate'; readonly rotations: readonly TypeRotation[] };

export const rotate = defineCommand({
  name: 'rotate',
  summary: 'a new key for a type, and every value re-encrypted under it while the service runs',
  description:
    'Makes the next version of the key, turns new writes over to it, re-encrypts row by row without changing anything else, ' +
    'proves that no value is left under an older key, and retires that. Stopped at any moment, by anything, it is continued ' +
    'by the same command; several processes may work on one rotation. An active key that is younger than --if-older-than ' +
    'is left alone.\n\n' +
    'Exit 5 when values cannot be decrypted or the proof fails, 6 when rows stay locked: then the older key is not retired.',
  options: ROTATE_OPTIONS,
  steadyMemory: true,
  examples: [
    'ordersync key rotate --type pii --dry-run',
    'ordersync key rotate --type pii',
    'ordersync key rotate --type pii --max-rate 2000 --max-lag 10s',
    'ordersync key rotate --status',
    'ordersync key rotate --type pii --abort',
  ],
  plan: async function* (ctx, request, { dryRun }): Work<RotatePlan> {
    requireSense(request, dryRun);
    const types = typesOf(request.type);
    if (request.status) return { mode: 'status' };
    if (request.abort) return { mode: 'abort', runs: await planAbort(await ctx.db.session(), types) };
    return { mode: 'rotate', plans: yield* planEach(withKmsTimeout(ctx, request.kmsTimeout), request, dryRun) };
  },
  presentPlan: (plan) =>
    plan.mode === 'rotate' ? planReport(plan.plans) : abortReport(plan.mode === 'abort' ? plan.runs : [], 'to abort'),
  intent: (plan) => {
    if (plan.mode === 'status') return undefined;
    const runs = plan.mode === 'abort' ? plan.runs : plan.plans.filter(({ preflight }) => preflight !== undefined);
    if (runs.length === 0) return undefined;
    const types = runs.map(({ keyType }) => keyType).join(', ');
    return { action: `${plan.mode} the keys of ${types}`, destructive: false };
  },
  run: async function* (ctx, request, plan: RotatePlan): Work<RotateResult> {
    const session = await ctx.db.session();
    if (plan.mode === 'status') {
      return { mode: 'status', status: await readRotationStatus(session, typesOf(request.type)) };
    }
    if (plan.mode === 'abort') return { mode: 'abort', runs: await abortRuns(session, plan.runs) };
    const rotations = yield* rotateEach(withKmsTimeout(ctx, request.kmsTimeout), request, plan.plans);
    return { mode: 'rotate', rotations };
  },
  present: (result) => {
    if (result.mode === 'status') return statusReport(result.status);
    return result.mode === 'abort' ? abortReport(result.runs, 'aborted') : rotateReport(result.rotations);
  },
});

/** All types are looked at before the first is begun. */
async function* planEach(ctx: Context, request: RotateValues, dryRun: boolean): Work<readonly RotationPlan[]> {
  const session = await ctx.db.session();
  const { table: tables, resume, ifOlderThan: ifOlderThanMs, crypto } = request;
  const types = request.type === 'all' ? await typesWithKeys(session) : [request.type];
  const concerned = types.filter((keyType: KeyType) => rotationTables(keyType, tables).length > 0);
  const plans: RotationPlan[] = [];
  for (const keyType of concerned) {
    const pace = paceOf(request);
    plans.push(yield* planRotation(ctx, session, { keyType, tables, resume, ifOlderThanMs, crypto, pace, dryRun }));
  }
  return plans;
}

async function* rotateEach(
  ctx: Context,
  request: RotateValues,
  plans: readonly RotationPlan[],
): Work<readonly TypeRotation[]> {
  const session = await ctx.db.session();
  const fallbacks: string[] = [];
  const batch = createRotationBatch(request.crypto, (reason) => fallbacks.push(reason));
  const { grace: graceMs } = request;
  const rotating = { jobs: jobsOf(request), pace: paceOf(request), graceMs, sample: sampleOf(request), batch };
  const rotations: TypeRotation[] = [];
  for (const plan of plans) {
    for (const message of plan.preflight?.warnings ?? []) yield { kind: 'warning', message };
    rotations.push(yield* rotateType(ctx, session, { plan, request: rotating }));
    for (const reason of fallbacks.splice(0)) {
      yield { kind: 'warning', message: `OpenSSL encrypted value by value: ${reason}` };
    }
  }
  return rotations;
}
