import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { oneLine, visibleText, withoutEscapes } from '../../src/output/sanitize.ts';
import { cautiousRuler, cut, pad, rulerFor, wrap } from '../../src/output/width.ts';

const FAMILY = '👨‍👩‍👧';

describe('rulers', () => {
  it('agree with string-width on every character they measure themselves', async () => {
    const wrong: string[] = [];
    for (let code = 0x20; code <= 0xffff; code += 1) {
      const character = String.fromCharCode(code);
      if (visibleText(character) !== character) continue;
      const ruler = await rulerFor([character]);
      if (ruler.width(character) !== stringWidth(character)) wrong.push(code.toString(16));
    }
    expect(wrong).toEqual([]);
  });

  it('never measure too little when they are cautious', () => {
    for (const text of [FAMILY, '한글', 'ｶﾞ', '🇰🇷', 'é', 'plain', '█░']) {
      expect(cautiousRuler.width(text)).toBeGreaterThanOrEqual(stringWidth(text));
    }
    expect(cautiousRuler.width('█░█')).toBe(3);
  });
});

it('measures a long text as the sum of what it shows', async () => {
  const text = `${FAMILY}한é `.repeat(500);
  const ruler = await rulerFor([text]);
  expect(ruler.width(text)).toBe(500 * (2 + 2 + 1 + 1));
  expect([...ruler.clusters(text)].filter((cluster) => cluster === FAMILY)).toHaveLength(500);
});

describe('cut', () => {
  it.each([
    ['한글이름', 5, '한글…'],
    ['한글이름', 6, '한글…'],
    ['한글이름', 8, '한글이름'],
    [`a${FAMILY}b`, 3, 'a…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ])('%s to %i columns is %s', async (text, columns, expected) => {
    const ruler = await rulerFor([text]);
    expect(cut(text, columns, '…', ruler)).toBe(expected);
    expect(ruler.width(cut(text, columns, '…', ruler))).toBeLessThanOrEqual(columns);
  });
});

it('pads to columns of the screen, not to characters', async () => {
  const ruler = await rulerFor(['한글']);
  expect([pad('한글', 6, 'left', ruler), pad('한글', 6, 'right', ruler), pad('한글', 2, 'left', ruler)]).toEqual([
    '한글  ',
    '  한글',
    '한글',
  ]);
});

describe('wrap', () => {
  it('breaks at spaces, then anywhere, and never exceeds the width', async () => {
    const text = `select one, two from 주문_내역 where ${'x'.repeat(30)} ${FAMILY.repeat(9)}\nand two`;
    const ruler = await rulerFor([text]);
    const lines = wrap(text, 10, ruler);
    expect(Math.max(...lines.map(ruler.width))).toBeLessThanOrEqual(10);
    expect(lines.slice(0, 2)).toEqual(['select', 'one, two']);
    expect(lines.at(-1)).toBe('and two');
    expect(lines.join('').replaceAll(' ', '')).toBe(text.replace(/\s/g, ''));
  });

  it('takes linear time on a long text', async () => {
    // A time that grows with the square would not come to its end.
    const text = `${FAMILY} ${'word '.repeat(200_000)}`;
    const ruler = await rulerFor([text]);
    expect(wrap(text, 20, ruler).length).toBeGreaterThan(45_000);
  });

  it('gives a character wider than the line a line of its own', async () => {
    const ruler = await rulerFor(['한글']);
    expect(wrap('한글', 1, ruler)).toEqual(['한', '글']);
  });
});

describe('sanitising', () => {
  it.each([
    ['plain text', 'plain text'],
    ['\u001b[1;31mred\u001b[0m', 'red'],
    ['\u001b]8;;http://evil\u001b\\link\u001b]8;;\u0007', 'link'],
    ['\u001b]0;title without an end, and text', '0;title without an end, and text'],
    ['\u009b31mc1\u009d0;t\u009c', 'c1'],
    ['\u001bPq#0\u001b\\sixel', 'sixel'],
    ['\u001b(Bcharset\u001bc', 'charset'],
    ['bell\u0007 back\u0008 del\u007f nul\u0000', 'bell back del nul'],
    ['keeps\n\ttabs and lines\r\n', 'keeps\n\ttabs and lines\n'],
  ])('removes the escapes of %j', (text, expected) => expect(withoutEscapes(text)).toBe(expected));

  it.each([
    ['or\u200bd\u2060er\ufeffs\u00ad', 'orders'],
    ['\u202etxt.exe\u202c', 'txt.exe'],
    ['a\u{e0061}\u{e0062}b', 'ab'],
    ['a\u200db', 'ab'],
    [FAMILY, FAMILY],
    ['1\ufe0f\u20e3', '1\ufe0f\u20e3'],
    ['한글'.normalize('NFD'), '한글'],
    ['a\tb\u2028c', 'a  b\nc'],
    ['\ud800x', '\ufffdx'],
  ])('shows %j as %j', (text, expected) => expect(visibleText(text)).toBe(expected));

  it('makes one line of many', () => expect(oneLine('select\n   a  b\n\n from c ')).toBe('select a  b from c'));

  it('takes linear time on text made to be slow', () => {
    // A time that grows with the square would not come to its end.
    const long = 2_000_000;
    for (const piece of ['\u001b]', '\u009d', '\u001b[', '\u009b0', ' ', '\u200d', '👩\u200d', '\u001b(']) {
      expect(visibleText(piece.repeat(long / piece.length)).length).toBeLessThanOrEqual(long);
    }
  });
});
