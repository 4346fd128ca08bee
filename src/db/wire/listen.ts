import type { Socket } from 'node:net';

/** Attaches listeners and returns the function that removes exactly these: a socket's own must stay. */
export function listen(socket: Socket, listeners: Readonly<Record<string, (argument: never) => void>>): () => void {
  const pairs = Object.entries(listeners) as [string, (...args: unknown[]) => void][];
  for (const [event, listener] of pairs) socket.on(event, listener);
  return () => {
    for (const [event, listener] of pairs) socket.off(event, listener);
  };
}

export interface Exchange<T> {
  /** What to listen for; `resolve` and `reject` end the exchange. */
  readonly listeners: (resolve: (value: T) => void, reject: (error: unknown) => void) => Parameters<typeof listen>[1];
  readonly signal: AbortSignal;
}

/** Runs one exchange on a socket; whatever way it ends, nothing of it stays there, and a failed socket is destroyed. */
export function exchange<T>(socket: Socket, { listeners, signal }: Exchange<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const detach = listen(socket, listeners(succeed, fail));
    function finish(): void {
      detach();
      signal.removeEventListener('abort', abort);
    }
    function succeed(value: T): void {
      finish();
      resolve(value);
    }
    function fail(error: unknown): void {
      finish();
      // What killed the socket may be reported once more; the first report is the one that is thrown.
      socket.on('error', () => {}).destroy();
      reject(error instanceof Error ? error : new Error(String(error)));
    }
    function abort(): void {
      fail(signal.reason);
    }
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  });
}
