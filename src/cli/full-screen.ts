import { StringDecoder } from 'node:string_decoder';
import type { Context } from '../context.ts';
import { terminalOf } from '../output/terminal.ts';
import type { Screen } from './command.ts';
import type { Io } from './io.ts';
import { keysOf } from './keys.ts';

/** The alternate screen without a cursor, and back. xterm's control sequences; every terminal of today knows them. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const REST_OF_LINE = '\u001b[K';
const REST_OF_SCREEN = '\u001b[J';

const DEFAULT_ROWS = 24;

/**
 * Draws the screen again and again, and heeds keys, until it is left, the signal aborts or a look throws. The terminal is as
 * before in every case, also when a second signal ends the process at once.
 */
export async function runScreen(
  io: Io,
  { signal }: Pick<Context, 'signal'>,
  open: () => Promise<Screen>,
): Promise<void> {
  const screen = await open();
  const events = listen(io, signal);
  const forget = io.onSignal(() => restore(io));
  try {
    io.stdout.write(ENTER);
    io.stdin.setRawMode?.(true);
    await drive(io, screen, events);
    signal.throwIfAborted();
  } finally {
    forget();
    events.close();
    restore(io);
  }
}

/** Harmless when done twice. */
function restore(io: Io): void {
  io.stdin.setRawMode?.(false);
  io.stdout.write(LEAVE);
}

type ScreenEvent =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'resized' | 'looked' | 'due' | 'aborted' }
  | { readonly kind: 'failed'; readonly error: unknown };

interface Events {
  push(event: ScreenEvent): void;
  next(): Promise<ScreenEvent>;
  close(): void;
}

/** What happens, in order; nothing is lost while the loop draws. */
function listen({ stdin, stdout }: Io, signal: AbortSignal): Events {
  const queue: ScreenEvent[] = [];
  let wake: (() => void) | undefined;
  const push = (event: ScreenEvent): void => {
    queue.push(event);
    wake?.();
  };
  // A letter of several bytes may come in two pieces.
  const decoder = new StringDecoder('utf8');
  const onData = (data: Buffer | string): void => {
    const text = typeof data === 'string' ? data : decoder.write(data);
    for (const key of keysOf(text)) push({ kind: 'key', key });
  };
  const onResize = (): void => push({ kind: 'resized' });
  const onAbort = (): void => push({ kind: 'aborted' });
  stdin.on('data', onData);
  stdout.on('resize', onResize);
  signal.addEventListener('abort', onAbort);
  return {
    push,
    next: async () => {
      for (;;) {
        const event = queue.shift();
        if (event !== undefined) return event;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close: () => {
      stdin.off('data', onData);
      // A terminal that is still read from would keep the process alive.
      stdin.pause();
      stdout.off('resize', onResize);
      signal.removeEventListener('abort', onAbort);
    },
  };
}

/** In raw mode Ctrl-C is a character. */
const CONTROL_C = '\u0003';

async function drive(io: Io, screen: Screen, events: Events): Promise<void> {
  const looks = lookRegularly(screen, events);
  looks.start();
  try {
    for (;;) {
      await draw(io, screen);
      const event = await events.next();
      if (event.kind === 'aborted') return;
      if (event.kind === 'failed') throw event.error;
      if (event.kind === 'looked') looks.ended();
      if (event.kind === 'due') looks.start();
      if (event.kind !== 'key') continue;
      const wanted = event.key === CONTROL_C ? 'leave' : screen.press(event.key);
      if (wanted === 'leave') return;
      if (wanted === 'look') looks.start();
      if (wanted === 'redraw') looks.reschedule();
    }
  } finally {
    looks.stop();
  }
}

/** One look at a time: what is asked during one is done after it. */
function lookRegularly(screen: Screen, events: Events) {
  let busy = false;
  let again = false;
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => clearTimeout(timer);
  const schedule = (): void => {
    stop();
    if (screen.everyMs !== undefined) timer = setTimeout(() => events.push({ kind: 'due' }), screen.everyMs);
  };
  const start = (): void => {
    stop();
    again = busy;
    if (busy) return;
    busy = true;
    screen.look().then(
      () => events.push({ kind: 'looked' }),
      (error: unknown) => events.push({ kind: 'failed', error }),
    );
  };
  return {
    start,
    stop,
    ended: () => {
      busy = false;
      if (again) start();
      else schedule();
    },
    reschedule: () => {
      if (!busy) schedule();
    },
  };
}

async function draw({ stdout, env }: Io, screen: Screen): Promise<void> {
  const { renderScreen } = await import('../output/screen.ts');
  const size = { rows: stdout.rows ?? DEFAULT_ROWS, terminal: terminalOf(stdout, env) };
  const lines = await renderScreen(screen.frame(), size);
  // Over the last frame and not after a clear, which would flicker.
  stdout.write(HOME + lines.map((line) => line + REST_OF_LINE).join('\r\n') + REST_OF_SCREEN);
}
