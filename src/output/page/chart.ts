import { exactOf, humanOf } from '../cells.ts';
import { visibleText } from '../sanitize.ts';
import type { Chart, Column, Row, Section } from '../report.ts';
import { headOf } from '../tabular.ts';
import { cautiousRuler, cut } from '../width.ts';
import { escapeHtml } from './escape.ts';

const MOST_BARS = 12;
const WIDTH = 860;
const LABEL_WIDTH = 270;
const VALUE_WIDTH = 110;
const BAR_WIDTH = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
const LINE_HEIGHT = 24;
const LEGEND_HEIGHT = 24;
const LABEL_CHARACTERS = 36;

interface Bar {
  readonly label: string;
  readonly parts: readonly number[];
  readonly total: number;
}

/** Bars as SVG, the longest figure in words behind each. Empty when no row has a figure. */
export function renderChart({ columns, rows, title }: Section, chart: Chart): string {
  const shown = chart.values.flatMap((name) => columns.find((column) => column.name === name) ?? []);
  const [first] = shown;
  const bars = rows.flatMap((row) => barOf(row, chart.label, shown)).slice(0, MOST_BARS);
  const longest = chart.full ?? Math.max(0, ...bars.map(({ total }) => total));
  if (first === undefined || longest <= 0) return '';
  const legend = shown.length > 1 ? legendOf(shown) : '';
  const top = legend === '' ? 0 : LEGEND_HEIGHT;
  const height = top + bars.length * LINE_HEIGHT;
  const lines = bars.map((bar, index) => barText(bar, { y: top + index * LINE_HEIGHT, longest, column: first }));
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(title)}">${legend}${lines.join('')}</svg>`;
}

function barOf(row: Row, label: string, columns: readonly Column[]): Bar[] {
  const parts = columns.map((column) => Math.max(0, Number(exactOf(row[column.name], column) ?? 0)));
  const total = parts.reduce((sum, part) => sum + part, 0);
  const words = row[label];
  if (!Number.isFinite(total) || columns.every(({ name }) => row[name] === null)) return [];
  return [{ label: typeof words === 'string' ? words : '', parts, total }];
}

interface Place {
  readonly y: number;
  readonly longest: number;
  readonly column: Column;
}

function barText({ label, parts, total }: Bar, { y, longest, column }: Place): string {
  const middle = y + LINE_HEIGHT / 2;
  const short = cut(visibleText(label).replaceAll('\n', ' '), LABEL_CHARACTERS, '…', cautiousRuler);
  const scale = BAR_WIDTH / longest;
  let x = LABEL_WIDTH;
  const rects = parts.map((part, index) => {
    const width = Math.min(part * scale, LABEL_WIDTH + BAR_WIDTH - x);
    const rect = rectOf({ x, y, width, name: `v${index}` });
    x += width;
    return rect;
  });
  return [
    `<text x="0" y="${middle + 4}">${escapeHtml(short)}</text>`,
    rectOf({ x: LABEL_WIDTH, y, width: BAR_WIDTH, name: 'track' }),
    ...rects,
    `<text class="dim" x="${LABEL_WIDTH + BAR_WIDTH + 10}" y="${middle + 4}">${escapeHtml(humanOf(total, column))}</text>`,
  ].join('');
}

function rectOf({ x, y, width, name }: { x: number; y: number; width: number; name: string }): string {
  return `<rect class="${name}" x="${rounded(x)}" y="${y + 5}" width="${rounded(width)}" height="${LINE_HEIGHT - 10}" rx="2"/>`;
}

function legendOf(columns: readonly Column[]): string {
  return columns
    .map((column, index) => {
      const x = LABEL_WIDTH + index * 150;
      return `<rect class="v${index}" x="${x}" y="4" width="12" height="12" rx="2"/><text class="dim" x="${x + 18}" y="14">${escapeHtml(headOf(column))}</text>`;
    })
    .join('');
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
