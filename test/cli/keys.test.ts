import { expect, it } from 'vitest';
import { keysOf } from '../../src/cli/keys.ts';

it.each([
  ['letters, of several bytes too', 'q주?', ['q', '주', '?']],
  ['arrows in both modes of a terminal', '\u001b[A\u001bOB', ['up', 'down']],
  [
    'keys that scroll',
    '\u001b[5~\u001b[6~\u001b[H\u001b[F\u001b[1~\u001b[4~',
    ['pageup', 'pagedown', 'home', 'end', 'home', 'end'],
  ],
  [
    'enter, both kinds of backspace, and Escape alone',
    '\r\n\u007f\b\u001b',
    ['enter', 'enter', 'backspace', 'backspace', 'escape'],
  ],
  ['Ctrl-C as itself', '\u0003', ['\u0003']],
])('reads %s', (_, text, keys) => {
  expect(keysOf(text)).toEqual(keys);
});

it('takes no letter of an unknown sequence for a key: the last one of a click is q or k', () => {
  expect(keysOf('\u001b[1;5k\u001b[15~\u001b[200~\u001bOq')).toEqual([]);
});
