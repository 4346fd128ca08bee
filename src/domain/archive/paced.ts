import type { Context, ProgressEvent, Work } from '../../context.ts';

/** Often enough for a bar that moves. */
const TELL_EVERY_MS = 250;

/**
 * Lets one long piece of work tell how far it is.
 * @param work adds to what is done by calling `advance`
 */
export async function* paced<Result>(
  { clock }: Pick<Context, 'clock'>,
  work: (advance: (by: number) => void) => Promise<Result>,
  eventOf: (done: number) => ProgressEvent,
): Work<Result> {
  let done = 0;
  const ended = new AbortController();
  const running = work((by) => {
    done += by;
  }).finally(() => ended.abort());
  running.catch(() => undefined); // awaited below; until then its failure must not count as unhandled
  let told = 0;
  while (!ended.signal.aborted) {
    await clock.sleep(TELL_EVERY_MS, ended.signal);
    if (done > told) yield eventOf(done);
    told = done;
  }
  return running;
}

/** The same bytes; counts them, and stops at the next piece when the signal aborts. */
export async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  advance: (by: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const piece of pieces) {
    signal.throwIfAborted();
    advance(piece.length);
    yield piece;
  }
}
