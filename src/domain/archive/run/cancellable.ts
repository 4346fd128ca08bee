import type { Context } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';

/** Has the server cancel a long statement of this session when the signal aborts; its transaction is rolled back then. */
export async function cancellable<Result>(
  { signal }: Pick<Context, 'signal'>,
  session: Session,
  work: () => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const cancel = (): void => void session.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await work();
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
