import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { Context, Work } from '../../context.ts';
import { BLIND_INDEX_PURPOSES } from '../../crypto/blind-index.ts';
import type { BlindIndexPurpose } from '../../crypto/blind-index.ts';
import { backfillIndex } from '../../domain/keys/blind-index/backfill.ts';
import { clearIndexRotation } from '../../domain/keys/blind-index/clear.ts';
import { finishIndexRotation } from '../../domain/keys/blind-index/finish.ts';
import type { RenewTotals } from '../../domain/keys/blind-index/renew.ts';
import { planIndexStart, startIndexRotation } from '../../domain/keys/blind-index/start.ts';
import type { IndexState } from '../../domain/keys/blind-index/state.ts';
import { readIndexState } from '../../domain/keys/blind-index/state.ts';
import type { Report } from '../../output/report.ts';
import { KEY_STORE_OPTIONS, withKmsTimeout } from './options.ts';
import { indexReport } from './rotate-index-report.ts';

const STEPS = ['status', 'start', 'backfill', 'finish', 'clear'] as const;
type Step = (typeof STEPS)[number];

interface Request {
  readonly purpose: BlindIndexPurpose;
  readonly step: Step;
  readonly grace: number;
  readonly fullSpeed: boolean;
}

/** What a step did, and where the rotation stands after it. */
interface Outcome {
  readonly state: IndexState;
  readonly notes: readonly string[];
  readonly totals?: RenewTotals;
  readonly outcome?: Report['outcome'];
}

export const rotateIndex = defineCommand({
  name: 'rotate-index',
  summary: 'give the hashes that find rows, such as email_hash, a new key',
  description:
    'Steps, each of which can be interrupted and repeated. start makes the next key active: from then on applications write ' +
    'hashes under it and look up under both. backfill computes every hash anew from the encrypted value beside it. finish ' +
    'compares every row once more, after the grace period, and retires the older key. clear, for email, erases what kept ' +
    'addresses unique meanwhile. Hashes without a value beside them age out; rate limits begin anew at start.',
  args: {
    purpose: option.choice(BLIND_INDEX_PURPOSES, 'what is looked up', { required: true }),
    step: option.choice(STEPS, 'what to do', { required: true }),
  },
  options: {
    grace: option.duration('how long an application may keep a key in its cache', { default: 300_000 }),
    fullSpeed: option.flag('do not rest as long as each batch took'),
    ...KEY_STORE_OPTIONS,
  },
  examples: [
    'ordersync key rotate-index email status',
    'ordersync key rotate-index email start',
    'ordersync key rotate-index email backfill',
    'ordersync key rotate-index email finish --grace 10m',
    'ordersync key rotate-index email clear',
  ],
  plan: async (ctx, { purpose, step, kmsTimeout }) => {
    const session = await ctx.db.session();
    return step === 'start'
      ? planIndexStart(withKmsTimeout(ctx, kmsTimeout), session, purpose)
      : readIndexState(session.sql, purpose);
  },
  presentPlan: (state) => indexReport(state, { notes: ['nothing was changed'] }),
  intent: (state, { purpose, step }) => {
    if (step === 'status' || (step === 'start' && state.older !== undefined)) return undefined;
    return { action: `${ACTIONS[step]} of the blind index ${purpose}`, destructive: false };
  },
  run: async function* (ctx, request, plan: IndexState): Work<Outcome> {
    if (request.step === 'status') return { state: plan, notes: [] };
    return yield* STEP_WORK[request.step](withKmsTimeout(ctx, request.kmsTimeout), request, plan);
  },
  present: ({ state, ...outcome }) => indexReport(state, outcome),
});

const ACTIONS: Readonly<Record<Exclude<Step, 'status'>, string>> = {
  start: 'rotate the key',
  backfill: 'renew every hash',
  finish: 'retire the older key',
  clear: 'erase the older hashes',
};

type StepWork = (ctx: Context, request: Request, state: IndexState) => Work<Outcome>;

const STEP_WORK: Readonly<Record<Exclude<Step, 'status'>, StepWork>> = {
  start: async function* (ctx, { purpose }, state) {
    const session = await ctx.db.session();
    const started = yield* startIndexRotation(ctx, session, state);
    return {
      state: await readIndexState(session.sql, purpose),
      notes: [started ? 'started' : 'a rotation is under way already'],
    };
  },
  backfill: async function* (ctx, { purpose, fullSpeed }, state) {
    const session = await ctx.db.session();
    const totals = yield* backfillIndex(ctx, session, { state, fullSpeed });
    return { state: await readIndexState(session.sql, purpose), totals, notes: [], ...outcomeOf(totals) };
  },
  finish: async function* (ctx, { purpose, grace, fullSpeed }, state) {
    const session = await ctx.db.session();
    const request = { state, graceMs: grace, fullSpeed };
    const { last, retired } = yield* finishIndexRotation(ctx, session, request);
    const note = retired
      ? `${last.seen} hashes are under the new key; the older one is retired`
      : 'the older key is not retired';
    const left: Pick<Outcome, 'outcome'> = retired || last.badCount > 0 ? outcomeOf(last) : { outcome: 'partial' };
    return { state: await readIndexState(session.sql, purpose), totals: last, notes: [note], ...left };
  },
  clear: async function* (ctx, { purpose, grace }, state) {
    const session = await ctx.db.session();
    const cleared = yield* clearIndexRotation(ctx, session, { state, graceMs: grace });
    return { state: await readIndexState(session.sql, purpose), notes: [`${cleared} older hashes erased`] };
  },
};

function outcomeOf({ badCount }: RenewTotals): Pick<Outcome, 'outcome'> {
  return badCount > 0 ? { outcome: 'unhealthy' } : {};
}
