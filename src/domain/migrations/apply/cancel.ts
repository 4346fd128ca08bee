import type { Run } from './run.ts';

const ASK_AGAIN_MS = 200;

/**
 * Waits for `work`; once the run is interrupted, asks the server to cancel what the session does, again and again until
 * `work` has ended: a request that arrives between two statements cancels nothing.
 */
export async function cancelledOnAbort<T>(
  { ctx, session }: Pick<Run, 'ctx' | 'session'>,
  work: Promise<T>,
): Promise<T> {
  const settled = new AbortController();
  const settle = (): void => settled.abort();
  void work.then(settle, settle);
  let cancelling: Promise<void> | undefined;
  const cancel = async (): Promise<void> => {
    while (!settled.signal.aborted) {
      await session.cancel();
      await ctx.clock.sleep(ASK_AGAIN_MS, settled.signal);
    }
  };
  const start = (): void => {
    cancelling ??= cancel();
  };
  if (ctx.signal.aborted) start();
  else ctx.signal.addEventListener('abort', start);
  try {
    return await work;
  } finally {
    ctx.signal.removeEventListener('abort', start);
    await cancelling; // no request may be on its way when the next statement is sent
  }
}
