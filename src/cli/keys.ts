/** What terminals send for keys that are no character, in their normal and their application mode. */
const SEQUENCES: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  H: 'home',
  F: 'end',
  '1~': 'home',
  '4~': 'end',
  '5~': 'pageup',
  '6~': 'pagedown',
};
const CONTROLS: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\u007f': 'backspace',
  '\b': 'backspace',
  '\u001b': 'escape',
};
const ESCAPE = '\u001b';
const KEY = new RegExp(String.raw`${ESCAPE}(?:\[([\d;]*[A-Za-z~])|O([A-Za-z]))|[^]`, 'gu');

/**
 * The keys in what a terminal in raw mode has sent: one character each, or a name of more than one letter. A key that has
 * no name here is left out: its letters are nobody's commands.
 */
export function keysOf(text: string): readonly string[] {
  return Array.from(text.matchAll(KEY), ([all, bracket, letter]) => {
    const sequence = bracket ?? letter;
    return sequence === undefined ? (CONTROLS[all] ?? all) : SEQUENCES[sequence];
  }).filter((key) => key !== undefined);
}
