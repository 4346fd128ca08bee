import { isWord, matchWords } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';
import { outsideTransaction, rewritten } from '../fixes.ts';

export const concurrentlyIfNotExists: Rule = {
  id: 'concurrently-if-not-exists',
  severity: 'high',
  why: 'a failed build leaves an INVALID index of that name; the next run finds it, does nothing, and counts as success',
  check: ({ createIndex, text, tokens }) => {
    if (createIndex === undefined || !createIndex.concurrently || !createIndex.ifNotExists) return [];
    const at = tokens.findIndex((_, index) => matchWords(tokens, index, 'if not exists') !== undefined);
    const start = tokens[at]?.start ?? 0;
    const end = tokens.slice(at).find((token) => isWord(token, 'exists'))?.end ?? start;
    const message = 'create index concurrently if not exists takes an INVALID index for a finished one';
    return [{ at: start, message, fix: outsideTransaction(rewritten(text, [{ start, end, text: '' }])) }];
  },
};
