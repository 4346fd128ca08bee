import type { Context, ProgressEvent, Work } from '../../../context.ts';

const TELL_EVERY_MS = 250;

/** Waits for work that has no events of its own, and tells meanwhile how far it is. */
export async function* whileWorking<Result>(
  { clock }: Pick<Context, 'clock'>,
  work: Promise<Result>,
  tell: () => ProgressEvent,
): Work<Result> {
  const settled = new AbortController();
  const settle = (): void => settled.abort();
  void work.then(settle, settle);
  while (!settled.signal.aborted) {
    await clock.sleep(TELL_EVERY_MS, settled.signal);
    yield tell();
  }
  return work;
}
