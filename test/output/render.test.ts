import { describe, expect, it } from 'vitest';
import type { Format } from '../../src/output/render.ts';
import { formats } from '../../src/output/render.ts';
import type { Report } from '../../src/output/report.ts';
import { visibleText } from '../../src/output/sanitize.ts';
import { exactRulerOf, pipe, rendered, screen, tables } from './samples.ts';

const hostile: Report = {
  command: 'monitor activity',
  columns: [{ name: 'name' }, { name: 'state', type: 'state' }],
  rows: [
    { name: '\u001b[31mred\u001b[0m', state: 'ok' },
    { name: 'a\u001b]0;owned\u0007b', state: 'failed' },
    { name: 'c\u009b2Jd\u0090q\u009ce', state: 'warning' },
    { name: 'or\u200bders\u202etxt', state: 'ok' },
    { name: 'line\r\nbreak\tand | pipe', state: 'ok' },
  ],
};

// oxlint-disable-next-line no-control-regex -- the control characters are what must not be there
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/;

function named(name: string): Report {
  return { command: 'x', columns: [{ name: 'name' }], rows: [{ name }] };
}

describe('what reaches a pipe or a terminal without colour', () => {
  it.each<Format>(formats)('has no control character but white space in %s', async (format) => {
    for (const terminal of [pipe, screen(60), screen(80), screen(200)]) {
      const text = await rendered(hostile, format, { terminal });
      expect(text).not.toMatch(CONTROLS);
      expect(text.length).toBeGreaterThan(40);
    }
  });

  it('has no control character when the report is text', async () => {
    const report: Report = { command: 'migrate plan', columns: [], rows: [], text: 'select 1;\u001b[2J\n\tselect 2' };
    for (const format of formats) expect(await rendered(report, format)).not.toMatch(CONTROLS);
    expect(await rendered(report, 'table')).toBe('select 1;\n\tselect 2\n');
  });

  it('is the same bytes for the same report', async () => {
    for (const format of formats) {
      expect(await rendered(tables, format)).toBe(await rendered(tables, format));
      const narrow = await rendered(tables, format, { terminal: { ...pipe, width: 20 } });
      expect(narrow).toBe(await rendered(tables, format));
    }
  });
});

describe('table', () => {
  it('is plain aligned columns in a pipe, with humanised values and the wide columns only on request', async () => {
    expect(await rendered(tables, 'table')).toBe(
      `table name  total size  hit ratio  state    last vacuum
orders          1.2 GB     98.4 %  ok       2026-11-05 12:34:56Z
주문_내역         15 B          -  pending  -
`,
    );
    expect(await rendered(tables, 'table', { verbose: true })).toContain('pid');
  });

  it('is a box on a terminal', async () => {
    expect(await rendered(tables, 'table', { terminal: screen(80) })).toBe(
      `┌────────────┬────────────┬───────────┬─────────┬──────────────────────┐
│ table name │ total size │ hit ratio │ state   │ last vacuum          │
├────────────┼────────────┼───────────┼─────────┼──────────────────────┤
│ orders     │     1.2 GB │    98.4 % │ ok      │ 2026-11-05 12:34:56Z │
│ 주문_내역  │       15 B │         - │ pending │ -                    │
└────────────┴────────────┴───────────┴─────────┴──────────────────────┘
`,
    );
  });

  it('draws the box in ASCII where the terminal has no other', async () => {
    const text = await rendered(tables, 'table', { terminal: { ...screen(80), unicode: false } });
    expect(text.split('\n')[0]).toBe(`+${[12, 12, 11, 9, 22].map((n) => '-'.repeat(n)).join('+')}+`);
  });

  it('is records at 60 columns and less', async () => {
    expect(await rendered(tables, 'table', { terminal: screen(60) })).toBe(
      `table name : orders
total size : 1.2 GB
hit ratio  : 98.4 %
state      : ok
last vacuum: 2026-11-05 12:34:56Z

table name : 주문_내역
total size : 15 B
hit ratio  : -
state      : pending
last vacuum: -
`,
    );
  });

  it('is records when figures alone do not fit', async () => {
    const columns = Array.from({ length: 30 }, (_, index) => ({ name: `figure_${index}`, type: 'integer' as const }));
    const row = Object.fromEntries(columns.map((column, index) => [column.name, index]));
    const text = await rendered({ command: 'x', columns, rows: [row] }, 'table', { terminal: screen(200) });
    expect(text.split('\n')).toHaveLength(31);
    expect(text).toContain('figure 29: 29\n');
  });

  it.each([80, 200])('cuts running text, and only that, to fit %i columns', async (width) => {
    const report: Report = {
      command: 'monitor slow-queries',
      columns: [{ name: 'query' }, { name: 'calls', type: 'integer' }, { name: 'user' }],
      rows: [
        { query: '한글'.repeat(150), calls: 123_456_789, user: 'app' },
        { query: `select\n  ${'x'.repeat(400)}`, calls: 1, user: 'y'.repeat(300) },
      ],
    };
    const { width: measure } = await exactRulerOf();
    const text = await rendered(report, 'table', { terminal: screen(width) });
    const widths = text.trimEnd().split('\n').map(measure);
    expect(new Set(widths).size).toBe(1);
    expect(widths[0]).toBe(width);
    expect(text).toContain('123456789');
    expect(text).toContain('…');
    expect(text).toContain('select xxx');
  });

  it('wraps long values of records instead of cutting them', async () => {
    const query = `select ${Array.from({ length: 40 }, (_, index) => `column_${index}`).join(', ')}\nfrom 주문`;
    const report: Report = { command: 'x', columns: [{ name: 'query' }], rows: [{ query }] };
    const { width: measure } = await exactRulerOf();
    const text = await rendered(report, 'table', { terminal: screen(40) });
    expect(Math.max(...text.split('\n').map(measure))).toBeLessThanOrEqual(40);
    expect(
      text
        .replace(/^query: /, '')
        .replace(/\n {7}/g, ' ')
        .trim(),
    ).toBe(query.replace('\n', ' '));
  });

  it.each(['👨‍👩‍👧 family', '👩🏽‍💻', '🇰🇷 flag', '1️⃣', 'café', 'क्षि', '한글', 'ｶﾞ', '❤️'])(
    'stays straight with %s',
    async (name) => {
      const report: Report = {
        command: 'x',
        columns: [{ name: 'name' }, { name: 'size', type: 'bytes' }],
        rows: [
          { name, size: 1 },
          { name: 'plain', size: 2048 },
        ],
      };
      const { width: measure } = await exactRulerOf();
      for (const terminal of [pipe, screen(80)]) {
        const lines = (await rendered(report, 'table', { terminal })).trimEnd().split('\n');
        expect(new Set(lines.map(measure)).size).toBe(1);
      }
    },
  );

  it('shows decomposed and composed Hangul alike', async () => {
    const composed = await rendered(named('주문'), 'table');
    expect(await rendered(named('주문'.normalize('NFD')), 'table')).toBe(composed);
  });

  it('says that there are no rows on a terminal, and leaves the head alone in a pipe', async () => {
    const empty = { ...tables, rows: [] };
    expect(await rendered(empty, 'table', { terminal: screen(80) })).toBe('no rows\n');
    expect(await rendered(empty, 'table')).toBe('table name  total size  hit ratio  state  last vacuum\n');
  });

  it('colours states beside their words, and only with colour', async () => {
    const text = await rendered(hostile, 'table', { terminal: { ...screen(80), color: true } });
    expect(text).toContain('\u001b[31mfailed\u001b[39m');
    expect(visibleText(text)).toBe(await rendered(hostile, 'table', { terminal: screen(80) }));
  });
});

describe('5,000 rows', () => {
  const rows = Array.from({ length: 5000 }, (_, index) => ({ name: `주문_${index}`, size: index * 1000, state: 'ok' }));
  const report: Report = {
    command: 'monitor table-sizes',
    columns: [{ name: 'name' }, { name: 'size', type: 'bytes' }, { name: 'state', type: 'state' }],
    rows,
  };

  it.each<Format>(formats)('come out complete as %s', async (format) => {
    for (const terminal of [pipe, screen(80)]) {
      const text = await rendered(report, format, { terminal });
      // Compared as a boolean: a failure must not print five thousand lines.
      expect(text.includes('주문_4999')).toBe(true);
      expect(text.match(/주문_/g)?.length).toBe(5000);
    }
  });

  it('are drawn without lines on a terminal', async () => {
    const text = await rendered(report, 'table', { terminal: screen(80) });
    expect(text.includes('│')).toBe(false);
  });
});
