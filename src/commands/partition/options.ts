import { option } from '../../cli/options.ts';
import type { OptionDef } from '../../cli/options.ts';
import type { Context } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import type { Changer } from '../../domain/partitions/attempts.ts';
import { createChanger } from '../../domain/partitions/attempts.ts';
import type { Span } from '../../domain/partitions/ensure/plan.ts';
import { spanOf } from '../../domain/partitions/ensure/plan.ts';
import type { Month } from '../../domain/partitions/month.ts';
import { parseMonth } from '../../domain/partitions/month.ts';
import { OrdersyncError } from '../../errors.ts';

export const TABLE_OPTION = {
  table: option.texts('only this table; may be repeated. Default: orders, payments, audit_logs, notification_logs', {
    placeholder: 'name',
  }),
};

/** Options of every verb that changes partitions. */
export const CHANGE_OPTIONS = {
  lockTimeout: option.duration('how long anybody else may have to wait because of one attempt', { default: 150 }),
  retries: option.integer('how often an attempt is made again after a lock timeout or deadlock', {
    min: 0,
    max: 1000,
    default: 60,
  }),
  wait: option.duration('how long to wait while another run changes partitions', { default: 60_000 }),
};

export const SPAN_OPTIONS = {
  ahead: option.integer('months to have after this one', { min: 0, max: 120, default: 3 }),
  from: monthOption('first month to have; default: this one'),
  to: monthOption('last month to have; default: as --ahead says'),
};

interface ChangeRequest {
  readonly lockTimeout: number;
  readonly retries: number;
}

export function changerOf(ctx: Context, session: Session, { lockTimeout, retries }: ChangeRequest): Changer {
  return createChanger(ctx, session, { lockTimeoutMs: lockTimeout, retries });
}

/** @throws OrdersyncError `usage` when the last month lies before the first */
export function requestedSpan(
  ctx: Pick<Context, 'clock'>,
  request: { readonly ahead: number; readonly from: Month | undefined; readonly to: Month | undefined },
): Span {
  const span = spanOf(ctx.clock.now(), request);
  if (span.from > span.to) {
    throw new OrdersyncError('usage', `no months from ${span.from} to ${span.to}`, {
      hint: 'give the earlier month with --from and the later one with --to',
    });
  }
  return span;
}

export function monthOption(summary: string): OptionDef<Month | undefined> {
  return { ...option.text(summary, { placeholder: 'YYYY-MM' }), default: undefined, parse: parseMonth };
}
