/** Measures text in columns of a terminal. Texts are expected to be visible text (sanitize.ts). */
export interface Ruler {
  readonly width: (text: string) => number;
  /** The pieces a text may be cut between: what a reader sees as one character. */
  readonly clusters: (text: string) => Iterable<string>;
}

// Characters whose width is beyond doubt and which never join with a neighbour: ASCII, Latin, a little punctuation,
// lines and blocks, kana, Han and composed Hangul. They spare the 95 ms that loading string-width and Intl.Segmenter costs.
const SIMPLE =
  /^[\x20-\x7e\xa1-\xac\xae-\u017f\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u2190-\u2193\u2500-\u257f\u2588\u2591\u2713\u2717\u3001\u3002\u300c\u300d\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff\uac00-\ud7a3]*$/;
const FIRST_WIDE = 0x3001;

/** A ruler that is exact for these texts; it loads string-width only when one of them needs it. */
export async function rulerFor(texts: Iterable<string>): Promise<Ruler> {
  for (const text of texts) {
    if (!SIMPLE.test(text)) return exactRuler();
  }
  return { width: simpleWidth, clusters: (text) => text };
}

/** A ruler that needs no loading and never measures too little: for a line that only must not overflow. */
export const cautiousRuler: Ruler = {
  width: (text) => (SIMPLE.test(text) ? simpleWidth(text) : cautiousWidth(text)),
  clusters: (text) => text,
};

async function exactRuler(): Promise<Ruler> {
  const { default: stringWidth } = await import('string-width');
  const segmenter = new Intl.Segmenter();
  return {
    width: (text) => (SIMPLE.test(text) ? simpleWidth(text) : stringWidth(text)),
    clusters: (text) => (SIMPLE.test(text) ? text : Array.from(segmenter.segment(text), (piece) => piece.segment)),
  };
}

function cautiousWidth(text: string): number {
  let width = 0;
  for (const character of text) width += SIMPLE.test(character) ? simpleWidth(character) : 2;
  return width;
}

function simpleWidth(text: string): number {
  let width = 0;
  for (let index = 0; index < text.length; index += 1) width += text.charCodeAt(index) >= FIRST_WIDE ? 2 : 1;
  return width;
}

/** Cuts to at most `columns`, never through a wide character, and marks the cut with the ellipsis. */
export function cut(text: string, columns: number, ellipsis: string, ruler: Ruler): string {
  if (ruler.width(text) <= columns) return text;
  return head(text, columns - ellipsis.length, ruler) + ellipsis.slice(0, columns);
}

function head(text: string, columns: number, ruler: Ruler): string {
  let kept = '';
  let left = columns;
  for (const cluster of ruler.clusters(text)) {
    left -= ruler.width(cluster);
    if (left < 0) break;
    kept += cluster;
  }
  return kept;
}

/** Fills with spaces to `columns`; a longer text stays as it is. */
export function pad(text: string, columns: number, align: 'left' | 'right', ruler: Ruler): string {
  const space = ' '.repeat(Math.max(0, columns - ruler.width(text)));
  return align === 'left' ? text + space : space + text;
}

/** Breaks into lines of at most `columns`, at spaces where there are any; line breaks of the text stay. */
export function wrap(text: string, columns: number, ruler: Ruler): readonly string[] {
  return text.split('\n').flatMap((line) => wrapLine(line.trimEnd(), columns, ruler));
}

function wrapLine(line: string, columns: number, ruler: Ruler): string[] {
  const lines: string[] = [];
  let rest = line;
  while (ruler.width(rest) > columns) {
    const fitting = head(rest, columns, ruler);
    const space = rest[fitting.length] === ' ' ? fitting.length : fitting.lastIndexOf(' ');
    // A character wider than the line still has to go somewhere.
    const taken = space > 0 && fitting.trim() !== '' ? space : Math.max(fitting.length, firstCluster(rest, ruler));
    lines.push(rest.slice(0, taken).trimEnd());
    rest = rest.slice(taken).trimStart();
  }
  return [...lines, rest];
}

function firstCluster(text: string, ruler: Ruler): number {
  for (const cluster of ruler.clusters(text)) return cluster.length;
  return 0;
}
