import type { Work } from '../../context.ts';
import type { ErrorCode } from '../../errors.ts';
import { OrdersyncError } from '../../errors.ts';

export interface StoppedWork {
  /** How far it came: "months finished: 2". */
  readonly said: string;
  /** Whether any of it is there for good. */
  readonly kept: boolean;
  /** One line for each thing that is done, or was found. */
  readonly body?: readonly string[];
  /** How to go on. */
  readonly hint: string;
}

/** Codes of surroundings that do not let a command begin. Once it has, and something of it stays, it stopped part way. */
const OF_SURROUNDINGS: ReadonlySet<ErrorCode> = new Set(['connection', 'permission', 'config', 'not_enabled']);

const MOST_LINES = 40;

/**
 * Nobody gets a report of work that Ctrl-C, a lost connection or a store that fails has ended: how far it came is told with the
 * error.
 */
export function stoppedAfter(error: unknown, { said, kept, body = [], hint }: StoppedWork): unknown {
  if (!(error instanceof OrdersyncError)) return error;
  const { code, message, details } = error;
  const all = [...(details.body ?? []), ...body];
  const left = all.length - MOST_LINES;
  const lines = left > 0 ? [...all.slice(0, MOST_LINES), `… and ${left} more`] : all;
  const told = { ...details, ...(lines.length === 0 ? {} : { body: lines }), cause: error };
  if (code === 'interrupted') return new OrdersyncError(code, `${message}; ${said}`, { ...told, hint });
  if (kept && OF_SURROUNDINGS.has(code)) {
    const hints = [details.hint, hint].filter((one) => one !== undefined);
    return new OrdersyncError('partial', `stopped part way: ${message}; ${said}`, { ...told, hint: hints.join('; ') });
  }
  return body.length === 0 ? error : new OrdersyncError(code, `${message}; ${said}`, told);
}

/** The same for all of a piece of work. */
export async function* orStopped<Result>(work: Work<Result>, stopped: () => StoppedWork): Work<Result> {
  try {
    return yield* work;
  } catch (error) {
    throw stoppedAfter(error, stopped());
  }
}
