import type { Readable, Writable } from 'node:stream';

/** The only way to the outside: cli/ and output/ see it, domain functions never do. Tests pass captured streams. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean; readonly setRawMode?: (on: boolean) => unknown };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Registers for SIGINT and SIGTERM; returns the function that unregisters. */
  readonly onSignal: (listener: (signal: 'SIGINT' | 'SIGTERM') => void) => () => void;
  /** Ends the process at once, for the second Ctrl-C only. */
  readonly exit: (code: number) => void;
}

export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

/**
 * Writes everything, waiting for the reader. It stops when the stream fails: a reader that went away (`| head -1`) is no
 * error, and any other failure reaches the stream's own `error` listeners, where bin reports it.
 */
export async function writeAll(stream: OutputStream, chunks: Iterable<string> | AsyncIterable<string>): Promise<void> {
  for await (const chunk of chunks) {
    if (!stream.writable) return;
    await new Promise<void>((resolve) => {
      stream.write(chunk, () => resolve());
    });
  }
}
