import { describe, expect, it } from 'vitest';
import { exactOf } from '../../src/output/cells.ts';
import type { Report } from '../../src/output/report.ts';
import { rendered, tables } from './samples.ts';

const report: Report = {
  command: 'check',
  columns: [
    { name: 'name' },
    { name: 'count', type: 'integer' },
    { name: 'note', wide: true },
    { name: 'tags' },
    { name: 'ok', type: 'boolean' },
    { name: 'at', type: 'time' },
  ],
  rows: [
    { name: 'a "quoted", | piped', count: -5n, note: 'two\nlines', tags: ['x', 'y'], ok: true, at: new Date(0) },
    { name: '=cmd()', count: 9007199254740993n, note: null, tags: [], ok: false, at: null },
    { name: '주문', count: '42', note: '', ok: null, at: '2026-11-05 12:00:00+05:30' },
  ],
};

describe('JSON', () => {
  it('has one documented shape', async () => {
    expect(await rendered(tables, 'json')).toBe(
      `{
  "schemaVersion": 1,
  "command": "monitor table-sizes",
  "server": {"version":"18.4","database":"shop","address":"localhost:5432","role":"primary"},
  "collectedAt": "2026-11-05T12:34:56.789Z",
  "warnings": ["statistics were reset 3 min ago"],
  "data": [
    {"table_name":"orders","total_size":1288490189,"hit_ratio":0.984,"state":"ok","last_vacuum":"2026-11-05T12:34:56.123456Z","pid":4711},
    {"table_name":"주문_내역","total_size":15,"hit_ratio":null,"state":"pending","last_vacuum":null,"pid":"9007199254740993"}
  ]
}
`,
    );
  });

  it('is valid without rows and without a server', async () => {
    const empty = JSON.parse(await rendered({ command: 'x', columns: [{ name: 'a' }], rows: [] }, 'json')) as unknown;
    expect(empty).toMatchObject({ warnings: [], data: [] });
  });

  it('carries every value exactly, escapes included', async () => {
    const name = '\u001b[31m\u009b\u007f 한글\ud800 \u200b';
    const odd: Report = { command: 'x', columns: [{ name: 'name' }], rows: [{ name }] };
    const parsed = JSON.parse(await rendered(odd, 'json')) as { data: unknown[] };
    expect(parsed.data).toEqual([{ name }]);
  });

  it('is one object per line as NDJSON, the same rows', async () => {
    const lines = (await rendered(report, 'ndjson')).trimEnd().split('\n');
    const whole = JSON.parse(await rendered(report, 'json')) as { data: unknown[] };
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(whole.data);
    expect(whole.data).toHaveLength(3);
  });

  it('holds the text of a report that is only text', async () => {
    const parsed = JSON.parse(
      await rendered({ command: 'x', columns: [], rows: [], text: 'select 1' }, 'json'),
    ) as object;
    expect(parsed).toMatchObject({ data: [{ text: 'select 1' }] });
  });
});

describe('exact values', () => {
  it.each([
    ['integer', '9007199254740991', 9007199254740991],
    ['integer', '9007199254740992', '9007199254740992'],
    ['integer', 1e20, '100000000000000000000'],
    ['integer', 'n/a', 'n/a'],
    ['bytes', '-1', -1],
    ['ms', '3.3333333333333333', 3.3333333333333335],
    ['number', 'NaN', null],
    ['ratio', Number.POSITIVE_INFINITY, null],
    ['time', '2026-11-05 12:34:56.5-03', '2026-11-05T15:34:56.5Z'],
    ['time', '2026-11-05T00:00:00Z', '2026-11-05T00:00:00Z'],
    ['time', 'infinity', 'infinity'],
    ['time', new Date(Number.NaN), null],
    ['text', '007', '007'],
  ] as const)('%s %s is %s', (type, cell, expected) => {
    expect(exactOf(cell, { name: 'x', type })).toBe(expected);
  });
});

describe('CSV', () => {
  it('is RFC 4180 with formulas disarmed and numbers untouched', async () => {
    expect(await rendered(report, 'csv')).toBe(
      [
        'name,count,note,tags,ok,at',
        '"a ""quoted"", | piped",-5,"two\nlines","x, y",true,1970-01-01T00:00:00.000Z',
        "'=cmd(),9007199254740993,,,false,",
        '주문,42,,,,2026-11-05T06:30:00Z',
        '',
      ].join('\r\n'),
    );
  });

  it('parses back to the same fields', async () => {
    const [head, ...rows] = parseCsv(await rendered(report, 'csv'));
    expect(head).toEqual(report.columns.map((column) => column.name));
    expect(rows.map((row) => row[0])).toEqual(['a "quoted", | piped', "'=cmd()", '주문']);
    expect(rows[0]?.[2]).toBe('two\nlines');
  });

  it.each(['=1+1', '+1+1', '-1+1', '@sum(a1)', '\tx', '＝1', '\n=1'])('disarms %j', async (text) => {
    const [, row] = parseCsv(await rendered({ command: 'x', columns: [{ name: 'a' }], rows: [{ a: text }] }, 'csv'));
    expect(row).toEqual([`'${text}`]);
  });

  it('keeps a row that has one empty field', async () => {
    expect(await rendered({ command: 'x', columns: [{ name: 'a' }], rows: [{ a: null }] }, 'csv')).toBe('a\r\n""\r\n');
  });
});

describe('Markdown', () => {
  it('is a table for people', async () => {
    expect(await rendered(report, 'markdown', { verbose: true })).toBe(
      `| name | count | note | tags | ok | at |
| --- | ---: | --- | --- | --- | --- |
| a "quoted", \\| piped | -5 | two<br>lines | x, y | yes | 1970-01-01 00:00:00Z |
| =cmd() | 9007199254740993 | - |  | no | - |
| 주문 | 42 |  | - | - | 2026-11-05 06:30:00Z |
`,
    );
  });

  it.each([
    'a | b \\| c',
    '<img src=x>',
    '*bold* _em_ `code`',
    'order_items',
    '[x](http://y)',
    '&lt;',
    '~~gone~~',
    'x\ny',
  ])('parses back to %j', async (text) => {
    const markdown = await rendered({ command: 'x', columns: [{ name: 'a' }], rows: [{ a: text }] }, 'markdown');
    const [, , row = ''] = markdown.split('\n');
    const cells = row.split(/(?<!\\)(?:\\\\)*\|/).slice(1, -1);
    expect(cells).toHaveLength(1);
    const back = cells[0]
      ?.trim()
      .replaceAll('<br>', '\n')
      .replace(/\\([!-/:-@[-`{-~])/g, '$1');
    expect(back).toBe(text);
  });

  it('fences text with more backticks than it has', async () => {
    const text = 'select 1;\n```\n';
    expect(await rendered({ command: 'x', columns: [], rows: [], text }, 'markdown')).toBe(
      `\`\`\`\`\n${text}\`\`\`\`\n`,
    );
  });
});

/** A reader of RFC 4180 that knows nothing of the writer. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const match of text.matchAll(/("(?:[^"]|"")*"|[^,"\r\n]*)(,|\r\n)/g)) {
    const [, raw = '', end] = match;
    rows.at(-1)?.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}
