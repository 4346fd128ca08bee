import type { Clock } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import type { Figures } from './figures.ts';
import type { Throttle } from './throttle.ts';
import { readApplicationName, readPressure, readUpdates } from './throttle-queries.ts';

export interface WatchNeeds {
  readonly control: Session;
  readonly clock: Clock;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

export interface Watched {
  readonly throttle: Throttle;
  readonly figures: Figures;
  /** Relations whose updates are counted. */
  readonly relations: readonly number[];
  /** Called every time. */
  readonly keep: () => Promise<void>;
}

const POLL_MS = 100;
/** A backend reports its counts about once a second. */
const COUNT_MS = 1000;

/** Asks the server how it fares, until the signal aborts: one question for all jobs, instead of one for each stripe. */
export async function watch({ control, clock, signal }: WatchNeeds, watched: Watched): Promise<void> {
  const { throttle, figures, relations } = watched;
  const application = await readApplicationName(control);
  const before = await readUpdates(control, relations);
  let counted: { readonly at: number; readonly written: number } | undefined;
  while (!signal.aborted) {
    const pressure = await readPressure(control, application);
    throttle.observe(pressure);
    figures.lagMs = throttle.lagMs;
    figures.pause = throttle.pause;
    const at = clock.monotonicMs();
    if (counted === undefined) counted = { at, written: pressure.written };
    else if (at - counted.at >= COUNT_MS) {
      figures.walRate = ((pressure.written - counted.written) / (at - counted.at)) * 1000;
      counted = { at, written: pressure.written };
      figures.heapOnly = shareSince(before, await readUpdates(control, relations));
    }
    await watched.keep();
    await clock.sleep(POLL_MS, signal);
  }
}

type Updates = Awaited<ReturnType<typeof readUpdates>>;

function shareSince(before: Updates, now: Updates): number | undefined {
  const updates = now.updates - before.updates;
  return updates > 0 ? (now.heapOnly - before.heapOnly) / updates : undefined;
}
