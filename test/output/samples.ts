import stringWidth from 'string-width';
import type { Format, RenderOptions } from '../../src/output/render.ts';
import { renderReport } from '../../src/output/render.ts';
import type { Provenance, Report } from '../../src/output/report.ts';
import type { Terminal } from '../../src/output/terminal.ts';

export const pipe: Terminal = { isTTY: false, width: 80, color: false, unicode: true };

export function screen(width: number): Terminal {
  return { isTTY: true, width, color: false, unicode: true };
}

const provenance: Provenance = {
  server: { version: '18.4', database: 'shop', address: 'localhost:5432', role: 'primary' },
  collectedAt: new Date('2026-11-05T12:34:56.789Z'),
};

export const tables: Report = {
  command: 'monitor table-sizes',
  columns: [
    { name: 'table_name' },
    { name: 'total_size', type: 'bytes' },
    { name: 'hit_ratio', type: 'ratio' },
    { name: 'state', type: 'state' },
    { name: 'last_vacuum', type: 'time' },
    { name: 'pid', type: 'integer', wide: true },
  ],
  rows: [
    {
      table_name: 'orders',
      total_size: '1288490189',
      hit_ratio: 0.984,
      state: 'ok',
      last_vacuum: '2026-11-05 21:34:56.123456+09',
      pid: 4711,
    },
    {
      table_name: '주문_내역',
      total_size: 15n,
      hit_ratio: null,
      state: 'pending',
      last_vacuum: undefined,
      pid: 9007199254740993n,
    },
  ],
  warnings: ['statistics were reset 3 min ago'],
};

export async function rendered(report: Report, format: Format, options: Partial<RenderOptions> = {}): Promise<string> {
  return [...(await renderReport(report, provenance, { format, terminal: pipe, verbose: false, ...options }))].join('');
}

/** string-width itself, as the judge of what our rulers say. */
export async function exactRulerOf(): Promise<{ readonly width: (text: string) => number }> {
  return { width: (text) => stringWidth(text) };
}
