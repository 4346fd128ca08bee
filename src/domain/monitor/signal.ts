import type { Context } from '../../context.ts';
import { quoteIdentifier } from '../../db/identifiers.ts';
import type { Session } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import { maskStatement } from '../reports/mask.ts';
import type { TargetRow } from './signal-queries.ts';
import { readTarget, sendCancelTo, sendTerminateTo } from './signal-queries.ts';

export type SignalKind = 'cancel' | 'terminate';

export interface SignalPlan {
  readonly kind: SignalKind;
  /** With its statement masked. */
  readonly target: TargetRow;
}

export interface SignalResult extends SignalPlan {
  /** Whether the statement, or the session, was seen to have ended. */
  readonly ended: boolean;
}

/**
 * Looks at the session with this process id; sends nothing.
 * @throws OrdersyncError `precondition` when there is none, or nothing to end; `permission` when the role may not end it
 */
export async function planSignal(session: Session, kind: SignalKind, pid: number): Promise<SignalPlan> {
  const target = await readTarget(session, pid);
  if (target === undefined) {
    throw new OrdersyncError('precondition', `no session has the process id ${pid}`, {
      hint: 'ordersync monitor activity and ordersync monitor blocking show them',
    });
  }
  refuse(kind, target, session.server.user);
  return { kind, target: { ...target, query: target.query === null ? null : maskStatement(target.query) } };
}

/**
 * Sends the signal to the very session that was looked at, and for a cancel to the very statement; then watches for it to end.
 * @throws OrdersyncError `precondition` when it has ended meanwhile
 */
export async function sendSignal(
  { clock, signal, session }: Pick<Context, 'clock' | 'signal'> & { readonly session: Session },
  { kind, target }: SignalPlan,
  waitMs: number,
): Promise<SignalResult> {
  const send = kind === 'cancel' ? sendCancelTo : sendTerminateTo;
  if (!(await send(session.sql, target))) {
    const what = kind === 'cancel' ? 'that statement' : 'that session';
    throw new OrdersyncError('precondition', `${what} of process ${target.pid} has ended by itself`, {
      hint: 'nothing was sent; look again with ordersync monitor activity',
    });
  }
  const until = clock.monotonicMs() + waitMs;
  for (;;) {
    if (hasEnded(kind, target, await readTarget(session, target.pid))) return { kind, target, ended: true };
    if (clock.monotonicMs() >= until || signal.aborted) return { kind, target, ended: false };
    await clock.sleep(100, signal);
  }
}

function refuse(kind: SignalKind, target: TargetRow, user: string): void {
  const { pid, is_own: isOwn, backend_type: type, state } = target;
  if (isOwn) throw new OrdersyncError('precondition', `process ${pid} is this command's own session`);
  if (!target.may_signal) {
    throw new OrdersyncError(
      'permission',
      `role "${user}" may not end sessions of role "${target.user ?? 'the server'}"`,
      {
        hint: 'a member of pg_signal_backend may, and only a superuser may end a superuser’s',
      },
    );
  }
  if (type === null && target.database !== null) {
    throw new OrdersyncError('permission', `what process ${pid} is and does is hidden from role "${user}"`, {
      hint: `grant pg_read_all_stats to ${quoteIdentifier(user)}`,
    });
  }
  if (type !== 'client backend' && type !== 'autovacuum worker') {
    throw new OrdersyncError('precondition', `process ${pid} is no client session but a ${type ?? 'hidden'} process`, {
      hint: 'a process of the server is ended by changing what it serves, not by a signal',
    });
  }
  if (kind === 'cancel' && type === 'client backend' && state !== 'active') {
    throw new OrdersyncError('precondition', `process ${pid} is ${state ?? 'hidden'} and runs no statement to cancel`, {
      hint: `ordersync monitor terminate ${pid} ends the session, and its transaction with it`,
    });
  }
}

/** A cancelled statement stands in the row until the session begins its next one, but not as active. */
function hasEnded(kind: SignalKind, before: TargetRow, now: TargetRow | undefined): boolean {
  if (now === undefined || now.session !== before.session) return true;
  return kind === 'cancel' && (now.state !== 'active' || now.statement !== before.statement);
}
