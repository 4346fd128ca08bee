import type { Session } from '../../../db/session.ts';

export interface Sent<T> {
  readonly tag: T;
  /** Sent only once everything before it has gone well: an aborted transaction answers whatever comes with one more error. */
  readonly waits?: boolean;
  /** Sends; the session's connection keeps the order in which this is called. */
  readonly send: () => Promise<unknown>;
}

/** Enough to hide the round trip; more would gain nothing. */
const IN_FLIGHT = 16;

/**
 * Sends without waiting for answers and returns the first rejection, undefined when all went well. Nothing more is
 * sent after a rejection was seen or `stop` says so; everything sent has been answered when this returns.
 */
export async function sendPipelined<T>(
  session: Session,
  queue: Iterable<Sent<T>>,
  stop: () => boolean,
): Promise<{ readonly tag: T; readonly error: unknown } | undefined> {
  const answers: Promise<{ tag: T; error: unknown } | undefined>[] = [];
  let failure: { tag: T; error: unknown } | undefined;
  for (const { tag, waits = false, send } of queue) {
    const left = waits ? 0 : answers.length;
    while (failure === undefined && answers.length > left) failure = await answers.shift();
    if (failure !== undefined || stop() || session.lost) break;
    answers.push(
      send().then(
        () => undefined,
        (error: unknown) => ({ tag, error }),
      ),
    );
    if (answers.length >= IN_FLIGHT) failure ??= await answers.shift();
  }
  for (const answer of answers) {
    const late = await answer;
    failure ??= late;
  }
  return failure;
}
