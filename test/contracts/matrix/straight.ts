import stringWidth from 'string-width';

const BARS = new Set(['│', '┌', '┬', '┐', '├', '┼', '┤', '└', '┴', '┘']);

/** Lines of a terminal that are wider than it, and lines of a box whose bars do not stand below each other. */
export function crookedLines(text: string, width: number): readonly string[] {
  const lines = text.split('\n');
  const crooked = lines.filter((line) => stringWidth(line) > width);
  let above: string | undefined;
  for (const line of lines) {
    const bars = BARS.has(line[0] ?? '') ? barsOf(line) : undefined;
    if (bars !== undefined && above !== undefined && bars !== above) crooked.push(line);
    above = bars;
  }
  return crooked;
}

/** The places of the bars in a line, counted in places of the terminal. */
function barsOf(line: string): string {
  const places: number[] = [];
  let place = 0;
  for (const character of line) {
    if (BARS.has(character)) places.push(place);
    place += stringWidth(character);
  }
  return places.join();
}
