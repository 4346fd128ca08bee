import { OrdersyncError } from '../errors.ts';
import type { Io } from './io.ts';

export interface Interrupts {
  readonly signal: AbortSignal;
  /** Unregisters the listeners. */
  dispose(): void;
}

/**
 * First SIGINT or SIGTERM: the signal aborts with OrdersyncError('interrupted') as its reason, and work stops at its next
 * safe point. Second: the process ends at once.
 */
export function listenForInterrupts(io: Io, tell: (line: string) => void): Interrupts {
  const controller = new AbortController();
  const dispose = io.onSignal((signal) => {
    if (controller.signal.aborted) {
      io.exit(signal === 'SIGINT' ? 130 : 143);
      return;
    }
    tell('stopping at the next safe point; once more to stop at once');
    controller.abort(new OrdersyncError('interrupted', `interrupted by ${signal}`, { signal }));
  });
  return { signal: controller.signal, dispose };
}
