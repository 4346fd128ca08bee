import type { SignalPlan, SignalResult } from '../../domain/monitor/signal.ts';

const WORDS = {
  cancel: { what: 'cancel the statement of', done: 'the statement has ended' },
  terminate: { what: 'end', done: 'the session has ended' },
} as const;

/** Completes "this will …". */
export function actionOf({ kind, target }: SignalPlan): string {
  return `${WORDS[kind].what} process ${target.pid} (${describeTarget(target)})`;
}

/** What was seen after the signal. */
export function endingOf({ kind, ended }: SignalResult): string {
  return ended ? WORDS[kind].done : 'the signal was sent, and it has not ended yet';
}

function describeTarget({ user, application, state, query }: SignalPlan['target']): string {
  const shown = query === null || query === '' ? [] : [query.length > 60 ? `${query.slice(0, 60)}…` : query];
  return [`role ${user ?? '?'}`, application || 'unnamed', state ?? 'hidden', ...shown].join(', ');
}
