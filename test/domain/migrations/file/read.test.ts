import { describe, expect, test } from 'vitest';
import { checksumOf } from '../../../../src/domain/migrations/file/checksum.ts';
import { decodeText } from '../../../../src/domain/migrations/file/read.ts';

const SQL = "create table 주문 (id int);\ncomment on table 주문 is '주문';\n";

describe('the bytes of a file', () => {
  test('are the same text with a byte order mark and with Windows line ends', () => {
    for (const variant of [
      SQL,
      `\u{feff}${SQL}`,
      SQL.replaceAll('\n', '\r\n'),
      `\u{feff}${SQL.replaceAll('\n', '\r\n')}`,
    ]) {
      expect(decodeText('f', Buffer.from(variant))).toEqual({ text: SQL });
    }
    expect(decodeText('f', Buffer.alloc(0))).toEqual({ text: '' });
  });

  test.each([
    ['UTF-16LE', Buffer.from(`\u{feff}${SQL}`, 'utf16le')],
    ['UTF-16LE', Buffer.from(SQL.replaceAll(/[^\0-\x7f]/g, 'x'), 'utf16le')],
    ['UTF-16BE', Buffer.from(`\u{feff}${SQL}`, 'utf16le').swap16()],
    ['UTF-16BE', Buffer.from(SQL.replaceAll(/[^\0-\x7f]/g, 'x'), 'utf16le').swap16()],
  ])('in %s are refused with the way to convert them', (encoding, bytes) => {
    expect(decodeText('001_주문.up.sql', bytes)).toEqual({
      problem: {
        file: '001_주문.up.sql',
        message: `the file is ${encoding}, not UTF-8`,
        hint: `save it as UTF-8: iconv -f ${encoding} -t UTF-8 '001_주문.up.sql' > '001_주문.up.sql.utf8'`,
      },
    });
  });

  test('in CP949 are recognised, and the place is shown as it reads', () => {
    const bytes = Buffer.concat([
      Buffer.from('-- note\r\ncreate table '),
      Buffer.from([0xc1, 0xd6, 0xb9, 0xae]),
      Buffer.from(' ();'),
    ]);
    expect(decodeText('001_x.up.sql', bytes)).toEqual({
      problem: {
        file: '001_x.up.sql',
        message: 'the file is not UTF-8 but CP949 (EUC-KR)',
        hint: 'save it as UTF-8: iconv -f CP949 -t UTF-8 001_x.up.sql > 001_x.up.sql.utf8',
        place: { line: 2, column: 14 },
        excerpt: ['--> 001_x.up.sql:2:14', '  |', '2 | create table 주문 ();', '  |              ^'],
      },
    });
  });

  test('that are nothing known are refused where they go wrong', () => {
    const bytes = Buffer.concat([Buffer.from("select '주문';\nselect '"), Buffer.from([0xff]), Buffer.from("'")]);
    expect(decodeText('f', bytes)).toMatchObject({
      problem: { message: 'the file is not UTF-8: byte 0xff', place: { line: 2, column: 9 } },
    });
    const cut = Buffer.from("select '주").subarray(0, -1);
    expect(decodeText('f', cut)).toMatchObject({ problem: { place: { line: 1, column: 9 } } });
  });

  test('with a NUL are refused where it stands', () => {
    expect(decodeText('f', Buffer.from('select 1;\nselect \0 2'))).toMatchObject({
      problem: { message: 'a NUL byte, which no PostgreSQL text can hold', place: { line: 2, column: 8 } },
    });
  });
});

describe('a checksum', () => {
  test('is SHA-256 over up, a zero byte and down, as any shell computes it', () => {
    // printf 'create table t (a int);\n\0drop table t;\n' | sha256sum
    const expected = '8904917ed2feaaf8dbd14b4f59ca1ce7a24d5abd5d28dda40b82571739ee139e';
    expect(checksumOf('create table t (a int);\n', 'drop table t;\n')).toBe(expected);
    expect(checksumOf(SQL)).toBe(checksumOf(SQL, ''));
  });

  test('tells where one file ends and the other begins', () => {
    expect(checksumOf('ab', 'c')).not.toBe(checksumOf('a', 'bc'));
  });
});
