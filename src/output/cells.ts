import type { Cell, Column } from './report.ts';
import { visibleText } from './sanitize.ts';
import { humanBytes, humanMs, humanNumber, humanRatio, humanTime } from './units.ts';

/** A cell as machines read it: what JSON can hold without losing a digit. */
export type Exact = string | number | boolean | null | readonly string[];

// timestamptz as PostgreSQL writes it with DateStyle ISO, or ISO 8601.
const INSTANT = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d(?::?\d\d)?)$/;

/**
 * The exact value. `integer` and `bytes`: a number, or a string beyond 2^53. `number`, `ms` and `ratio`: a number, null
 * when it is not finite. `time`: ISO 8601 in UTC. The server's numbers and times arrive as text and are read here.
 */
export function exactOf(cell: Cell, column: Column): Exact {
  if (cell === null || cell === undefined) return null;
  if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? null : cell.toISOString();
  if (typeof cell === 'bigint') return exactInteger(cell);
  if (typeof cell === 'string') return exactText(cell, column);
  if (typeof cell === 'number') return exactNumber(cell, column);
  return cell;
}

/** The value for people, on as many lines as it has: humanised units, nothing that could move a cursor. Null is `-`. */
export function humanOf(cell: Cell, column: Column): string {
  const exact = exactOf(cell, column);
  if (exact === null) return '-';
  if (typeof exact === 'boolean') return exact ? 'yes' : 'no';
  if (typeof exact === 'object') return visibleText(exact.join(', '));
  if (column.type === 'time') return humanTime(visibleText(String(exact)));
  const figure = typeof exact === 'number' || isInteger(exact) ? humanFigure(Number(exact), column.type) : undefined;
  return figure ?? visibleText(String(exact));
}

/** Whether a column's values line up at the right. */
export function isNumeric(column: Column): boolean {
  return ['integer', 'number', 'bytes', 'ms', 'ratio'].includes(column.type ?? 'text');
}

function exactText(text: string, column: Column): Exact {
  switch (column.type) {
    case 'integer':
    case 'bytes':
      return isInteger(text) ? exactInteger(BigInt(text)) : text;
    case 'number':
    case 'ms':
    case 'ratio':
      return text.trim() === '' || Number.isNaN(Number(text)) ? textOrNull(text) : exactNumber(Number(text), column);
    case 'time':
      return instantInUtc(text);
    default:
      return text;
  }
}

/** numeric has NaN and infinities, which JSON has not; any other text is somebody's word and stays. */
function textOrNull(text: string): string | null {
  return text === 'NaN' ? null : text;
}

function exactNumber(value: number, column: Column): Exact {
  if (!Number.isFinite(value)) return null;
  const counted = column.type === 'integer' || column.type === 'bytes';
  return counted && Number.isInteger(value) ? exactInteger(BigInt(value)) : value;
}

function exactInteger(value: bigint): number | string {
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value.toString();
}

/** Microseconds stay: an offset moves whole minutes only. Text that is no instant (`infinity`, a date) stays as it is. */
function instantInUtc(text: string): string {
  const match = INSTANT.exec(text);
  if (match === null) return text;
  const [, date = '', time = '', fraction = '', offset = ''] = match;
  const zone = offset === 'Z' ? offset : `${offset.slice(0, 3)}:${offset.slice(3).replace(':', '') || '00'}`;
  const instant = new Date(`${date}T${time}${zone}`);
  return Number.isNaN(instant.getTime()) ? text : `${instant.toISOString().slice(0, 19)}${fraction}Z`;
}

function humanFigure(value: number, type: Column['type']): string | undefined {
  switch (type) {
    case 'bytes':
      return humanBytes(value);
    case 'ms':
      return humanMs(value);
    case 'ratio':
      return humanRatio(value);
    case 'number':
      return humanNumber(value);
    default:
      // Identifiers are integers too: a process id with separators cannot be copied.
      return undefined;
  }
}

function isInteger(text: string): boolean {
  return /^-?\d+$/.test(text);
}
