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
  /** Called with all of stderr so far; `type` writes to stdin as a person would, and stdin stays open for that. */
  readonly onStderr?: (text: string, type: (keys: string) => void) => void;
  readonly rows?: number;
  /** As onStderr, with all of stdout so far. */
  readonly onStdout?: (text: string, type: (keys: string) => void) => void;
  /** Called with the function that delivers a signal, once the program listens. */
  readonly onListen?: (deliver: (signal: 'SIGINT' | 'SIGTERM') => void) => void;
  /** Called instead of ending the process. */
  readonly onExit?: (code: number) => void;
}

/** Runs the program in this process with captured streams, as a pipe unless `tty` is set. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const stdin = new PassThrough();
  if (options.onStderr === undefined && options.onStdout === undefined) stdin.end(options.stdin ?? '');
  // A question is drawn before its answer is listened for, hence setImmediate.
  const type = (keys: string): void => void setImmediate(() => stdin.write(keys));
  const stdout = capture(options, (text) => options.onStdout?.(text, type));
  const stderr = capture(options, (text) => options.onStderr?.(text, type));
  const io: Io = {
    stdin: Object.assign(stdin, { isTTY: options.tty ?? false }),
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

function capture(
  { tty = false, columns, rows }: RunOptions,
  onText: (text: string) => void = () => {},
): { stream: Io['stdout']; text: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk.toString('utf8'));
      onText(chunks.join(''));
      done();
    },
  });
  return {
    stream: Object.assign(stream, {
      isTTY: tty,
      ...(columns === undefined ? {} : { columns }),
      ...(rows === undefined ? {} : { rows }),
    }),
    text: () => chunks.join(''),
  };
}
