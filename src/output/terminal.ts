/** What drawing on one stream may assume. Two streams of one process may differ: `ordersync … | less` with a bar on stderr. */
export interface Terminal {
  readonly isTTY: boolean;
  /** Columns of a character cell grid, at least 1. */
  readonly width: number;
  readonly color: boolean;
  /** False when the locale or the console cannot show box-drawing characters. */
  readonly unicode: boolean;
}

/** The part of a tty.WriteStream that says what it is; other streams have neither member. */
export interface StreamFacts {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** `color` is true for --color, false for --no-color, absent when neither was given. */
export interface TerminalFlags {
  readonly color?: boolean | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_WIDTH = 80;

/** Derives the facts of one stream from the stream itself, the environment and the flags of the call. */
export function terminalOf(stream: StreamFacts, env: Environment, flags: TerminalFlags = {}): Terminal {
  const isTTY = stream.isTTY === true;
  return {
    isTTY,
    width: positive(stream.columns) ?? positive(Number(env['COLUMNS'])) ?? DEFAULT_WIDTH,
    color: flags.color ?? wantedColor(env) ?? isTTY,
    unicode: showsUnicode(env),
  };
}

/** The order of no-color.org, Node's FORCE_COLOR and bixense.com/clicolors; undefined leaves it to the stream. */
function wantedColor(env: Environment): boolean | undefined {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  if (env['FORCE_COLOR'] !== undefined) return !['0', 'false'].includes(env['FORCE_COLOR']);
  if (!['', '0'].includes(env['CLICOLOR_FORCE'] ?? '')) return true;
  if (env['CLICOLOR'] === '0' || env['TERM'] === 'dumb') return false;
  return undefined;
}

function showsUnicode(env: Environment): boolean {
  // The Linux console has 512 glyphs at most; a container often sets no locale at all on a terminal that is UTF-8.
  if (env['TERM'] === 'linux' || env['TERM'] === 'dumb') return false;
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => (value ?? '') !== '');
  return locale === undefined || /utf-?8/i.test(locale);
}

/** A pseudo-terminal without a size reports 0 columns. */
function positive(columns: number | undefined): number | undefined {
  return columns !== undefined && Number.isSafeInteger(columns) && columns > 0 ? columns : undefined;
}
