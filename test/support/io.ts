import { PassThrough, Writable } from 'node:stream';
import { main } from '../../src/main.ts';
import type { Io } from '../../src/cli/io.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly tty?: boolean;
  readonly columns?: number;
  readonly stdin?: string;
  /** Called with the function that delivers a signal, once the program listens. */
  readonly onListen?: (deliver: (signal: 'SIGINT' | 'SIGTERM') => void) => void;
  /** Called instead of ending the process. */
  readonly onExit?: (code: number) => void;
}

/** Runs the program in this process with captured streams, as a pipe unless `tty` is set. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const stdout = capture(options);
  const stderr = capture(options);
  const io: Io = {
    stdin: Object.assign(new PassThrough().end(options.stdin ?? ''), { isTTY: options.tty ?? false }),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: { HOME: '/nonexistent', ...options.env },
    cwd: options.cwd ?? '/',
    onSignal: (listener) => {
      options.onListen?.(listener);
      return () => undefined;
    },
    exit: (code) => options.onExit?.(code),
  };
  const code = await main(argv, io);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function capture({ tty = false, columns }: RunOptions): { stream: Io['stdout']; text: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk.toString('utf8'));
      done();
    },
  });
  return {
    stream: Object.assign(stream, { isTTY: tty, ...(columns === undefined ? {} : { columns }) }),
    text: () => chunks.join(''),
  };
}
