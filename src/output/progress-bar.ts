import type { Progress, ProgressOptions } from './progress.ts';
import type { Counted, Track } from './progress-text.ts';
import {
  amountOf,
  detailOf,
  follow,
  isSameCounter,
  lastLine,
  paceWords,
  percentOf,
  plain,
  remarkLine,
  stateLine,
} from './progress-text.ts';
import type { Spinner } from './spinner.ts';
import { createSpinner } from './spinner.ts';
import type { Terminal } from './terminal.ts';
import { humanMs } from './units.ts';
import { cautiousRuler, cut } from './width.ts';

const REDRAW_MS = 100;
// A counter that stands still has to say so without an event.
const TICK_MS = 1_000;
const LONGEST_BAR = 30;
const SHORTEST_BAR = 8;
const PHASE_WORTH_TIMING_MS = 1_000;

/**
 * Progress on a terminal: one line that is redrawn, with a bar when the total is known, and a turning sign for phases.
 * The bar is drawn with carriage returns and spaces only, so that NO_COLOR means not one escape byte; the turning sign
 * needs escapes and is left out then.
 */
export function createProgressBar(options: ProgressOptions): Progress {
  const { write, terminal, clock } = options;
  const line = createLine(write, terminal);
  const phase = createPhase(options);
  let track: Track | undefined;
  let drawnMs = Number.NEGATIVE_INFINITY;
  let ticker: NodeJS.Timeout | undefined;
  let stopped = false;

  const draw = (): void => {
    if (track === undefined) return;
    drawnMs = clock.monotonicMs();
    line.draw(barLine(track, drawnMs, terminal));
  };
  const finish = (): void => {
    clearInterval(ticker);
    line.clear();
    if (track !== undefined) write(`${lastLine(track, clock.monotonicMs())}\n`);
    track = undefined;
    phase.end();
  };
  const count = (event: Counted): void => {
    const nowMs = clock.monotonicMs();
    if (track === undefined || !isSameCounter(track, event)) {
      finish();
      ticker = setInterval(draw, TICK_MS).unref();
      drawnMs = Number.NEGATIVE_INFINITY;
    }
    track = follow(track, event, nowMs);
    if (nowMs - drawnMs >= REDRAW_MS) draw();
  };
  const remark = (text: string): void => {
    line.clear();
    phase.pause();
    write(text);
    phase.resume();
    draw();
  };

  return {
    handle: (event) => {
      if (event.kind === 'note' || event.kind === 'warning') return remark(remarkLine(event));
      if (stopped) return undefined;
      if (event.kind === 'progress') return count(event);
      finish();
      return phase.begin(plain(event.message));
    },
    stop: () => {
      finish();
      stopped = true;
    },
  };
}

/** One line of the terminal that can be drawn again and taken away, without escape sequences. */
function createLine(
  write: ProgressOptions['write'],
  terminal: Terminal,
): { draw: (text: string) => void; clear: () => void } {
  let drawn = 0;
  return {
    draw: (text) => {
      // The last column stays free: a full line would wrap on some terminals.
      const fitting = cut(text, terminal.width - 1, terminal.unicode ? '…' : '..', cautiousRuler);
      const width = cautiousRuler.width(fitting);
      write(`\r${fitting}${' '.repeat(Math.max(0, Math.min(drawn, terminal.width - 1) - width))}`);
      drawn = width;
    },
    clear: () => {
      if (drawn > 0) write(`\r${' '.repeat(drawn)}\r`);
      drawn = 0;
    },
  };
}

interface Phase {
  readonly begin: (message: string) => void;
  readonly pause: () => void;
  readonly resume: () => void;
  /** Leaves the phase as a line, with its time when it took some. */
  readonly end: () => void;
}

function createPhase({ write, terminal, clock }: ProgressOptions): Phase {
  const spinner: Spinner = terminal.color
    ? createSpinner({
        write,
        columns: terminal.width,
        unicode: terminal.unicode,
        monotonicMs: () => clock.monotonicMs(),
      })
    : { show: () => undefined, hide: () => undefined };
  let current: { readonly message: string; readonly sinceMs: number } | undefined;
  const show = (): void => {
    if (current === undefined) return;
    // Room for the sign before and the time behind.
    const text = cut(current.message, Math.max(1, terminal.width - 16), terminal.unicode ? '…' : '..', cautiousRuler);
    spinner.show(text, current.sinceMs);
  };
  return {
    begin: (message) => {
      if (!terminal.color) return write(`${message}\n`);
      current = { message, sinceMs: clock.monotonicMs() };
      return show();
    },
    pause: () => spinner.hide(),
    resume: show,
    end: () => {
      spinner.hide();
      if (current === undefined) return;
      const tookMs = clock.monotonicMs() - current.sinceMs;
      write(`${current.message}${tookMs < PHASE_WORTH_TIMING_MS ? '' : ` (${humanMs(tookMs)})`}\n`);
      current = undefined;
    },
  };
}

function barLine(track: Track, nowMs: number, terminal: Terminal): string {
  const { event, pace } = track;
  const percent = percentOf(event);
  if (percent === undefined) return stateLine(track, nowMs);
  const label = plain(event.label);
  const figures = [amountOf(event), ...paceWords(event, pace, nowMs), ...detailOf(event)].join(', ');
  const tail = `${String(percent).padStart(3)} %  ${figures}`;
  const room = terminal.width - 3 - cautiousRuler.width(label) - cautiousRuler.width(tail);
  const bar = room < SHORTEST_BAR ? '' : `${barOf(percent, Math.min(room, LONGEST_BAR), terminal.unicode)} `;
  return `${label} ${bar}${tail}`;
}

function barOf(percent: number, length: number, unicode: boolean): string {
  const full = Math.floor((percent / 100) * length);
  const [done, open] = unicode ? ['█', '░'] : ['#', '.'];
  return done.repeat(full) + open.repeat(length - full);
}
