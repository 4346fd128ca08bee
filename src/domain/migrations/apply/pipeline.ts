import type { Session } from '../../../db/session.ts';

export interface Sent<T> {
  readonly tag: T;
  /** Sends; the session's connection keeps the order in which this is called. */
  readonly send: () => Promise<unknown>;
}

/** Enough to hide the round trip; more would gain nothing, and leave that many more lines in the server's log after a failure. */
const IN_FLIGHT = 16;

export interface Sending {
  readonly stop: () => boolean;
  /** Each waits for the one before it. */
  readonly oneByOne?: boolean;
}

/**
 * Sends without waiting for answers and returns the first rejection, undefined when all went well. Nothing more is
 * sent after a rejection was seen or `stop` says so; everything sent has been answered when this returns.
 */
export async function sendPipelined<T>(
  session: Session,
  queue: Iterable<Sent<T>>,
  { stop, oneByOne = false }: Sending,
): Promise<{ readonly tag: T; readonly error: unknown } | undefined> {
  const answers: Promise<{ tag: T; error: unknown } | undefined>[] = [];
  let failure: { tag: T; error: unknown } | undefined;
  for (const { tag, send } of queue) {
    if (failure !== undefined || stop() || session.lost) break;
    answers.push(
      send().then(
        () => undefined,
        (error: unknown) => ({ tag, error }),
      ),
    );
    if (answers.length >= (oneByOne ? 1 : IN_FLIGHT)) failure ??= await answers.shift();
  }
  for (const answer of answers) {
    const late = await answer;
    failure ??= late;
  }
  return failure;
}
