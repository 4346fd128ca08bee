import { Writable } from 'node:stream';
import type { Ora } from 'ora';
import { humanEstimate } from './units.ts';

export interface SpinnerOptions {
  readonly write: (text: string) => void;
  readonly columns: number;
  readonly unicode: boolean;
  readonly monotonicMs: () => number;
}

/** A turning sign beside a text, for work whose length nobody knows. */
export interface Spinner {
  /** `sinceMs` is when the work began: after a few seconds the time it takes is shown too. */
  readonly show: (text: string, sinceMs: number) => void;
  /** Takes the line away, so that something else can be written. */
  readonly hide: () => void;
}

// Until then the reader does not wait.
const TIME_SHOWN_AFTER_MS = 3_000;

/** ora on a given writer. It is loaded at the first text, so the sign appears a moment later; a short phase never shows it. */
export function createSpinner(options: SpinnerOptions): Spinner {
  let make: (typeof import('ora'))['default'] | undefined;
  let loading: Promise<void> | undefined;
  let wanted: { readonly text: string; readonly sinceMs: number } | undefined;
  let running: Ora | undefined;

  const start = (): void => {
    if (wanted === undefined || make === undefined) return;
    const { text, sinceMs } = wanted;
    running = make({
      ...optionsOfOra(options),
      text,
      suffixText: () => waited(options.monotonicMs() - sinceMs),
    }).start();
  };
  const load = async (): Promise<void> => {
    make = (await import('ora')).default;
    start();
  };
  const hide = (): void => {
    running?.stop();
    running = undefined;
    wanted = undefined;
  };
  const show = (text: string, sinceMs: number): void => {
    hide();
    wanted = { text, sinceMs };
    if (loading === undefined) loading = load();
    else start();
  };
  return { show, hide };
}

function optionsOfOra(options: SpinnerOptions): Parameters<(typeof import('ora'))['default']>[0] & object {
  return {
    stream: terminalStream(options),
    isEnabled: true,
    color: 'cyan',
    spinner: options.unicode ? 'dots' : 'line',
    // Raw mode would take Ctrl-C away from the interrupt handler, and a cursor that is never hidden is never lost.
    discardStdin: false,
    hideCursor: false,
  };
}

function waited(ms: number): string {
  return ms < TIME_SHOWN_AFTER_MS ? '' : humanEstimate(ms);
}

/** What ora uses of a tty.WriteStream, as the ECMA-48 sequences that Node's own class writes. */
function terminalStream({ write, columns }: SpinnerOptions): Writable {
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _encoding, done) => {
      write(chunk.toString());
      done();
    },
  });
  return Object.assign(stream, {
    isTTY: true,
    columns,
    cursorTo: (column: number) => stream.write(`\u001b[${column + 1}G`),
    moveCursor: (_: number, rows: number) => stream.write(rows < 0 ? `\u001b[${-rows}A` : `\u001b[${rows}B`),
    clearLine: () => stream.write('\u001b[K'),
  });
}
