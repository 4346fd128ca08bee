import { OrdersyncError } from '../errors.ts';

export interface Deadline {
  readonly signal: AbortSignal;
  dispose(): void;
}

/**
 * A signal that aborts after `ms` with `timeout` as its reason, or with the reason of `outer` when that aborts first.
 * Infinity never aborts by time.
 */
export function startDeadline(ms: number, timeout: OrdersyncError, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const follow = (): void => controller.abort(outer?.reason);
  const timer = Number.isFinite(ms) ? setTimeout(() => controller.abort(timeout), ms) : undefined;
  if (outer?.aborted) follow();
  else outer?.addEventListener('abort', follow);
  return {
    signal: controller.signal,
    dispose: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', follow);
    },
  };
}
