import { exactOf } from './cells.ts';
import type { Cell, Column, Report } from './report.ts';
import { withoutEscapes } from './sanitize.ts';
import { tabular } from './tabular.ts';

/**
 * CSV as RFC 4180 has it: a head, CRLF, quotes doubled. Values are exact; null is empty, a list is joined by `, `.
 *
 * Spreadsheets run a field that starts with = + - @ (or their full-width forms), a tab or a line break as a formula, so
 * such text gets a leading apostrophe. Numbers keep their sign. Escape sequences are removed; JSON has them unchanged.
 */
export function* renderCsv(report: Report): Generator<string> {
  const { columns, rows } = tabular(report);
  yield record(columns.map((column) => column.name));
  for (const row of rows) yield record(columns.map((column) => field(row[column.name], column)));
}

function record(fields: readonly string[]): string {
  // A single empty field would be an empty line, which readers skip.
  const line = fields.length === 1 && fields[0] === '' ? '""' : fields.map((text) => quoted(text)).join(',');
  return `${line}\r\n`;
}

function field(cell: Cell, column: Column): string {
  const exact = exactOf(cell, column);
  if (exact === null) return '';
  if (typeof exact === 'number' || typeof exact === 'boolean') return String(exact);
  return harmless(withoutEscapes(typeof exact === 'string' ? exact : exact.join(', ')));
}

// https://owasp.org/www-community/attacks/CSV_Injection
function harmless(text: string): string {
  return /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) && !/^[+-]?\d+(?:\.\d+)?$/.test(text) ? `'${text}` : text;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
