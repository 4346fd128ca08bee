import { humanOf, isNumeric } from '../cells.ts';
import type { Chapter, Column, PageSection, Row } from '../report.ts';
import { headOf, shownColumns } from '../tabular.ts';
import { humanCount } from '../units.ts';
import { renderChart } from './chart.ts';
import { escapeHtml } from './escape.ts';

type Verdict = NonNullable<PageSection['verdict']>['verdict'];

const FROM_WORST: readonly Verdict[] = ['critical', 'warning', 'unknown', 'ok'];

/** The worst verdict of a chapter; undefined when it judges nothing. */
export function chapterVerdict({ sections }: Chapter): Verdict | undefined {
  return FROM_WORST.find((verdict) => sections.some((section) => section.verdict?.verdict === verdict));
}

export function badge(verdict: Verdict | undefined): string {
  return verdict === undefined ? '' : `<span class="verdict ${verdict}">${verdict}</span>`;
}

export function renderChapter(chapter: Chapter): string {
  const { name, title, command, sections } = chapter;
  const words = command === undefined ? '' : `<code>${escapeHtml(command)}</code>`;
  return [
    `<section class="card" id="${escapeHtml(name)}">`,
    `<div class="head"><h2>${escapeHtml(name)}</h2>${badge(chapterVerdict(chapter))}${words}</div>`,
    `<p class="dim">${escapeHtml(title)}</p>`,
    ...sections.map((section) => renderSection(section, sections.length > 1 ? headline(section, title) : '')),
    '</section>\n',
  ].join('');
}

/** The first section of a command often has the words of the command itself. */
function headline({ name, title, verdict }: PageSection, chapterTitle: string): string {
  return `<h3>${escapeHtml(title === chapterTitle ? name : title)} ${badge(verdict?.verdict)}</h3>`;
}

function renderSection(section: PageSection, head: string): string {
  const { verdict, losses, chart, rows, empty } = section;
  return [
    head,
    // Rows tell their own reason; a section without rows has only this one.
    rows.length === 0 && verdict !== undefined && verdict.verdict !== 'ok' ? advice(verdict) : '',
    ...losses.map((loss) => `<p class="unknown">${escapeHtml(loss)}</p>`),
    chart === undefined ? '' : renderChart(section, chart),
    rows.length === 0 ? emptyText(verdict?.verdict, empty) : renderTable(section),
  ].join('');
}

function emptyText(verdict: Verdict | undefined, empty: string | undefined): string {
  return verdict === 'unknown' ? '' : `<p class="dim">${escapeHtml(empty ?? 'no rows')}</p>`;
}

/** Why, and what to do. */
export function advice({ reason, fix }: Pick<NonNullable<PageSection['verdict']>, 'reason' | 'fix'>): string {
  return [
    reason === null ? '' : `<p>${escapeHtml(reason)}</p>`,
    fix === null ? '' : `<p class="fix"><code>${escapeHtml(fix)}</code></p>`,
  ].join('');
}

const ADVICE = ['reason', 'fix'];

function renderTable({ columns, rows }: PageSection): string {
  const shown = shownColumns(columns, false).filter(({ name }) => !ADVICE.includes(name));
  const head = shown.map((column) => `<th${isNumeric(column) ? ' class="n"' : ''}>${escapeHtml(headOf(column))}</th>`);
  const body = rows.map((row) => renderRow(row, shown));
  return `<div class="scroll"><table><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

/** Why a row is not ok has a line of its own below it: beside the figures there is no room for a statement. */
function renderRow(row: Row, columns: readonly Column[]): string {
  const cells = columns.map((column) => renderCell(row, column)).join('');
  const words = row['verdict'] === 'ok' ? '' : advice({ reason: textOf(row['reason']), fix: textOf(row['fix']) });
  return words === ''
    ? `<tr>${cells}</tr>`
    : `<tr class="judged">${cells}</tr><tr><td class="advice" colspan="${columns.length}">${words}</td></tr>`;
}

function renderCell(row: Row, column: Column): string {
  const text = cellText(row, column);
  if (isNumeric(column)) return `<td class="n">${escapeHtml(text)}</td>`;
  const verdict = column.name === 'verdict' ? FROM_WORST.find((known) => known === row['verdict']) : undefined;
  if (verdict === undefined) return `<td${column.name === 'query' ? ' class="sql"' : ''}>${escapeHtml(text)}</td>`;
  return `<td>${badge(verdict)}</td>`;
}

/** Process ids are copied, other whole numbers are read. */
function cellText(row: Row, column: Column): string {
  const text = humanOf(row[column.name], column);
  return column.type === 'integer' && column.name !== 'pid' && /^-?\d+$/.test(text) ? humanCount(BigInt(text)) : text;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
