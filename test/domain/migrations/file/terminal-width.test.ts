import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { terminalWidth } from '../../../../src/domain/migrations/file/terminal-width.ts';

test.each([
  'create table orders (id int);',
  'comment on table 주문 is ',
  '주문'.normalize('NFD'),
  'カタカナ ひらがな 漢字 〜、。',
  'ＦＵＬＬ（ｗｉｄｔｈ）',
  'é e\u0301 ñ ß Ω я',
  '😀🚀🧪',
  '𠀀𠀁',
  '',
])('agrees with string-width about %j', (text) => {
  expect(terminalWidth(text)).toBe(stringWidth(text));
});
