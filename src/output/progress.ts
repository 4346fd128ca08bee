import type { Clock, ProgressEvent } from '../context.ts';
import { createProgressBar } from './progress-bar.ts';
import { createProgressJson } from './progress-json.ts';
import { createProgressLines } from './progress-lines.ts';
import { remarkLine } from './progress-text.ts';
import type { Terminal } from './terminal.ts';

export interface Progress {
  /** Takes an event. After `stop` only notes and warnings still show. */
  readonly handle: (event: ProgressEvent) => void;
  /** Leaves the last state as a line and the terminal as it was. Harmless when called again. */
  readonly stop: () => void;
}

export interface ProgressOptions {
  /** `auto` draws a bar on a terminal and writes a line every few seconds elsewhere; `none` keeps notes and warnings. */
  readonly mode: 'auto' | 'json' | 'none';
  /** Writes to stderr. */
  readonly write: (text: string) => void;
  /** The facts of stderr. */
  readonly terminal: Terminal;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
}

/** What tells about a long operation while it works, on stderr. */
export function createProgress(options: ProgressOptions): Progress {
  if (options.mode === 'json') return createProgressJson(options);
  if (options.mode === 'none') return { handle: (event) => writeRemark(event, options), stop: () => undefined };
  return options.terminal.isTTY ? createProgressBar(options) : createProgressLines(options);
}

function writeRemark(event: ProgressEvent, { write }: ProgressOptions): void {
  if (event.kind === 'note' || event.kind === 'warning') write(remarkLine(event));
}
