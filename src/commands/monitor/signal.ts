import type { AnyCommand } from '../../cli/command.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { SignalKind, SignalPlan, SignalResult } from '../../domain/monitor/signal.ts';
import { planSignal, sendSignal } from '../../domain/monitor/signal.ts';
import type { Report } from '../../output/report.ts';
import { actionOf, endingOf } from './signal-words.ts';

const WORDS: Readonly<Record<SignalKind, { summary: string; description: string }>> = {
  cancel: {
    summary: 'end the statement that a session runs; the session stays',
    description:
      'As Ctrl-C in that session would: its transaction fails and is rolled back. Try this before monitor terminate. Refused when ' +
      'the session runs no statement, and when the statement that was shown has ended before the signal.',
  },
  terminate: {
    summary: 'end a session, and its transaction with it',
    description:
      'For a session that is idle in a transaction, or whose statement does not heed monitor cancel. Its transaction is rolled back and ' +
      'its connection closed; the application has to connect again.',
  },
};

export function signalCommand(kind: SignalKind): AnyCommand {
  const words = WORDS[kind];
  return defineCommand({
    name: kind,
    summary: words.summary,
    description: words.description,
    args: { pid: { ...option.integer('process id of the session', { min: 1, max: 2 ** 31 - 1 }), required: true } },
    options: { wait: option.duration('how long to watch for its end', { default: 5000 }) },
    examples: [`ordersync monitor ${kind} 4711 --dry-run`, `ordersync monitor ${kind} 4711 --confirm ordersync`],
    plan: async (ctx, { pid }): Promise<SignalPlan> => planSignal(await ctx.db.session(), kind, pid),
    presentPlan: (plan) => signalReport(plan, { ended: null, note: 'nothing was sent' }),
    intent: (plan) => ({ action: actionOf(plan), destructive: true }),
    run: async (ctx, { wait }, plan: SignalPlan): Promise<SignalResult> =>
      sendSignal({ clock: ctx.clock, signal: ctx.signal, session: await ctx.db.session() }, plan, wait),
    present: (result) => signalReport(result, { ended: result.ended, note: endingOf(result) }),
  });
}

function signalReport(
  { kind, target }: SignalPlan,
  { ended, note }: { readonly ended: boolean | null; readonly note: string },
): Report {
  return {
    command: `monitor ${kind}`,
    columns: [
      { name: 'pid', type: 'integer' },
      { name: 'user' },
      { name: 'application' },
      { name: 'state' },
      { name: 'transaction_ms', type: 'ms' },
      { name: 'statement_ms', type: 'ms' },
      { name: 'query' },
      { name: 'ended', type: 'boolean' },
    ],
    rows: [
      {
        pid: target.pid,
        user: target.user,
        application: target.application,
        state: target.state,
        transaction_ms: target.transaction_ms,
        statement_ms: target.statement_ms,
        query: target.query,
        ended,
      },
    ],
    outcome: ended === false ? 'partial' : 'ok',
    notes: [note],
  };
}
