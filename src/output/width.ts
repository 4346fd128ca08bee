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

// Node 20's Intl.Segmenter copies the whole text for every segment (200,000 characters: two minutes), so a long text is
// handed to it in windows. A real cluster is far shorter than half a window.
const WINDOW = 256;

async function exactRuler(): Promise<Ruler> {
  const { default: stringWidth } = await import('string-width');
  const segmenter = new Intl.Segmenter();
  const clusters = (text: string): Iterable<string> => windowedClusters(text, segmenter);
  const clusterWidth = (cluster: string): number =>
    SIMPLE.test(cluster) ? simpleWidth(cluster) : stringWidth(cluster);
  const width = (text: string): number => {
    if (text.length <= WINDOW || SIMPLE.test(text)) return clusterWidth(text);
    let total = 0;
    for (const cluster of clusters(text)) total += clusterWidth(cluster);
    return total;
  };
  return { width, clusters };
}

function* windowedClusters(text: string, segmenter: Intl.Segmenter): Generator<string> {
  let start = 0;
  while (start < text.length) {
    const pieces = Array.from(segmenter.segment(text.slice(start, start + WINDOW)), ({ segment }) => segment);
    // What comes last in a window may go on in the next.
    if (start + WINDOW < text.length && pieces.length > 1) pieces.pop();
    for (const piece of pieces) {
      yield piece;
      start += piece.length;
    }
  }
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

/** One pass over the clusters: a query may have a hundred thousand characters. */
function wrapLine(line: string, columns: number, ruler: Ruler): string[] {
  const lines: string[] = [];
  let current = '';
  let width = 0;
  for (const cluster of ruler.clusters(line)) {
    const clusterWidth = ruler.width(cluster);
    if (width + clusterWidth > columns && current !== '') {
      const [full, begun] = splitAtSpace(current, cluster === ' ');
      lines.push(full);
      current = begun;
      width = ruler.width(begun);
    }
    if (cluster === ' ' && current === '' && lines.length > 0) continue;
    current += cluster;
    width += clusterWidth;
  }
  return current === '' && lines.length > 0 ? lines : [...lines, current];
}

/** A full line and the word that goes to the next; the whole text when it has no space to break at. */
function splitAtSpace(text: string, endsWord: boolean): readonly [string, string] {
  const space = endsWord ? text.length : text.lastIndexOf(' ');
  const breaks = space > 0 && text.slice(0, space).trim() !== '';
  return breaks ? [text.slice(0, space).trimEnd(), text.slice(space).trimStart()] : [text, ''];
}
