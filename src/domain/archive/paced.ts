import type { Context, ProgressEvent, Work } from '../../context.ts';
import type { ObjectStore } from '../../store/store.ts';
import { whileWorking } from './run/while-working.ts';

/**
 * Lets one long piece of work tell how far it is.
 * @param work adds to what is done by calling `advance`
 */
export async function* paced<Result>(
  ctx: Pick<Context, 'clock'>,
  work: (advance: (by: number) => void) => Promise<Result>,
  eventOf: (done: number) => ProgressEvent,
): Work<Result> {
  let done = 0;
  const running = work((by) => {
    done += by;
  });
  return yield* whileWorking(ctx, running, () => eventOf(done));
}

/** The same bytes; counts them, and stops at the next piece when the signal aborts. */
export async function* countingBytes(
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

/** Reads of a store that stop when the signal aborts; counts whole files, not what of them is read beforehand. */
export function readCounted(
  store: Pick<ObjectStore, 'read'>,
  advance: (by: number) => void,
  signal: AbortSignal,
): ObjectStore['read'] {
  return (key, range) => countingBytes(store.read(key, range), range === undefined ? advance : () => undefined, signal);
}
