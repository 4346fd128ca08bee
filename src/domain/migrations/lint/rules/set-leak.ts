import { findWords, isWord, matchWords } from '../../file/tokens.ts';
import type { Hit, Rule } from '../finding.ts';
import { confirmed, rewritten } from '../fixes.ts';

const ID = 'set-for-session';

/** Only transactions know SET LOCAL; a file without one can only be told to mean it. */
export const setLeak: Rule = {
  id: ID,
  severity: 'medium',
  why: 'the setting outlives the file: what runs after it in the same session sees it, and a pooler hands it to strangers',
  check: ({ text, tokens }, { transaction }): readonly Hit[] => {
    const set = matchWords(tokens, 0, 'set session?');
    const [, first] = tokens;
    if (
      set !== undefined &&
      first !== undefined &&
      matchWords(tokens, 1, 'local|transaction|constraints') === undefined
    ) {
      const local = tokens[set - 1]?.end ?? first.start;
      const edited = rewritten(text, [{ start: tokens[0]?.start ?? 0, end: local, text: 'set local' }]);
      const fix = transaction ? `${edited};` : confirmed(ID, 'it is reset below', text);
      return [{ at: 0, message: `${textFrom(tokens.slice(0, set + 1))} is set for the session`, fix }];
    }
    return setConfig(text, tokens, transaction);
  },
};

function textFrom(tokens: readonly { readonly value: string }[]): string {
  return tokens.map(({ value }) => value).join(' ');
}

/** `select set_config('a', 'b', false)` does the same. */
function setConfig(text: string, tokens: Parameters<typeof findWords>[0], transaction: boolean): readonly Hit[] {
  const call = tokens.findIndex((token) => isWord(token, 'set_config'));
  const close = tokens.findIndex((token, at) => at > call && token.value === ')');
  const last = tokens[close - 1];
  if (call === -1 || last === undefined || !isWord(last, 'false')) return [];
  const edited = rewritten(text, [{ start: last.start, end: last.end, text: 'true' }]);
  const fix = transaction ? `${edited};` : confirmed(ID, 'it is reset below', text);
  return [{ at: tokens[call]?.start ?? 0, message: 'set_config(…, false) sets it for the session', fix }];
}
