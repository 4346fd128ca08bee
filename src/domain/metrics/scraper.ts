import type { Context } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { sqlstateOf } from '../../db/sqlstate.ts';
import { OrdersyncError } from '../../errors.ts';
import { collect, downSamples } from './collect.ts';
import type { Collected } from './collect.ts';
import { renderExposition } from './exposition.ts';
import type { Sample } from './family.ts';
import type { Registry } from './registry.ts';

type Needs = Pick<Context, 'clock' | 'signal'> & { readonly open: () => Promise<Session> };

export interface ScraperRequest {
  readonly registry: Registry;
  /** For one collector. */
  readonly timeoutMs: number;
  /** For the whole answer, connecting included. */
  readonly deadlineMs: number;
  /** How long an answer is given again. */
  readonly cacheMs: number;
}

export interface Scrape {
  readonly text: string;
  readonly samples: readonly Sample[];
  /** Why the server could not be asked; undefined when it answered. */
  readonly down: string | undefined;
  readonly problems: Collected['problems'];
}

export interface Scraper {
  /** Never throws for a server that is down. Those who ask while one scrape runs get its answer. */
  scrape(): Promise<Scrape>;
  close(): Promise<void>;
}

/** A server may have become another behind the same address: a session is asked for its facts anew after this time. */
const SESSION_AGE_MS = 300_000;
/** Beyond its statement_timeout a server that works has answered long ago. */
const GRACE_MS = 1000;

interface Held {
  readonly opening: Promise<Session>;
  readonly since: number;
}

/** One session, kept from scrape to scrape, opened again when it is lost or old. */
export function createScraper(needs: Needs, request: ScraperRequest): Scraper {
  const { clock, open, signal } = needs;
  let held: Held | undefined;
  let cached: { readonly scrape: Scrape; readonly at: number } | undefined;
  let inFlight: Promise<Scrape> | undefined;

  const drop = async (): Promise<void> => {
    const { opening } = held ?? {};
    held = undefined;
    // An attempt that fails has left nothing open.
    await opening?.then(
      async (session) => session.close(),
      () => undefined,
    );
  };
  const session = async (): Promise<Session> => {
    if (held !== undefined && clock.monotonicMs() - held.since > SESSION_AGE_MS) await drop();
    held ??= { opening: open(), since: clock.monotonicMs() };
    const { opening } = held;
    try {
      const opened = await opening;
      if (!opened.lost) return opened;
    } catch (error) {
      held = undefined;
      throw error;
    }
    held = { opening: open(), since: clock.monotonicMs() };
    return held.opening;
  };
  const look = async (): Promise<Scrape> => {
    const endsAtMs = clock.monotonicMs() + request.deadlineMs;
    const left = (): number => Math.max(0, endsAtMs - clock.monotonicMs());
    const work = async (): Promise<Collected> =>
      collect({ session: await session(), clock }, request.registry, { timeoutMs: request.timeoutMs, endsAtMs });
    try {
      const collected = await within(needs, left() + GRACE_MS, work());
      return scrapeOf(request.registry, collected);
    } catch (error) {
      const answered = error instanceof OrdersyncError || sqlstateOf(error) !== undefined;
      if (!answered || signal.aborted) throw error;
      // It may be in the middle of something; whatever it still says is nobody's answer.
      void drop();
      return scrapeOf(request.registry, { samples: downSamples(), problems: [] }, (error as Error).message);
    }
  };
  return {
    scrape: async () => {
      if (cached !== undefined && clock.monotonicMs() - cached.at < request.cacheMs) return cached.scrape;
      inFlight ??= look()
        .then((scrape) => {
          cached = { scrape, at: clock.monotonicMs() };
          return scrape;
        })
        .finally(() => (inFlight = undefined));
      return inFlight;
    },
    close: drop,
  };
}

function scrapeOf({ families }: Registry, { samples, problems }: Collected, down?: string): Scrape {
  return { text: renderExposition(families, samples), samples, down, problems };
}

/** A server that is frozen answers nothing, not even that a statement took too long. */
async function within<T>({ clock }: Needs, ms: number, work: Promise<T>): Promise<T> {
  const settled = new AbortController();
  const late = clock.sleep(ms, settled.signal).then((): never => {
    throw new OrdersyncError('connection', `the server did not answer within ${ms / 1000} s`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => undefined);
    work.catch(() => undefined);
    settled.abort();
  }
}
