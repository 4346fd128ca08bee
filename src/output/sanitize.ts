/**
 * Text from the database can hold anything: escape sequences that retitle the window, characters without width that hide
 * a name, bidirectional overrides that reorder a line. Nothing of it may reach a terminal.
 */

// ECMA-48 control sequences and control strings, C0 and C1.
/* oxlint-disable no-control-regex -- the patterns name the control characters they remove */
const ONLY_PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
// A control string without its end is not swallowed: that would let a value hide the text that follows it.
const CONTROL_STRINGS =
  /(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x90\x98\x9c\x9d\x9e\x9f]*(?:\x07|\x1b\\|\x9c)/g;
const CONTROL_SEQUENCES = /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]/g;
const OTHER_CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
/* oxlint-enable no-control-regex */

// An emoji keeps the joiners and selectors that make it one picture; everywhere else they are invisible text.
const EMOJI_OR_INVISIBLE =
  /\p{Extended_Pictographic}[\p{Emoji_Modifier}\ufe0f]*(?:\u200d\p{Extended_Pictographic}[\p{Emoji_Modifier}\ufe0f]*)*|[\d#*]\ufe0f?\u20e3|[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu;
const INVISIBLE = /^[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]$/u;

/** Removes escape sequences and control characters except newline and tab; the rest stays byte for byte. */
export function withoutEscapes(text: string): string {
  if (ONLY_PRINTABLE_ASCII.test(text)) return text;
  return text.replace(CONTROL_STRINGS, '').replace(CONTROL_SEQUENCES, '').replace(OTHER_CONTROLS, '');
}

/**
 * Text as it may stand on a terminal: no escapes, nothing invisible, composed (NFC: a decomposed Hangul syllable has
 * three code points and one place), tabs as spaces. Newlines stay.
 */
export function visibleText(text: string): string {
  if (ONLY_PRINTABLE_ASCII.test(text)) return text;
  return withoutEscapes(text)
    .normalize('NFC')
    .replace(/[\u2028\u2029]/g, '\n')
    .replace(/\t/g, '  ')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(EMOJI_OR_INVISIBLE, (match) => (INVISIBLE.test(match) ? '' : match));
}

/** Visible text on one line: a line break and the indentation around it become one space. */
export function oneLine(text: string): string {
  if (!text.includes('\n')) return text;
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
}
