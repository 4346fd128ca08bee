import type { Exact } from './cells.ts';
import { exactOf } from './cells.ts';
import type { Provenance, Report, Row } from './report.ts';
import { sectionTable, tabular } from './tabular.ts';

/** Raised when a member changes its meaning or goes away; new members do not raise it. */
const SCHEMA_VERSION = 1;

/**
 * One JSON document: `{schemaVersion, command, server, collectedAt, warnings, data}`, one line per row, and `verdicts`
 * before `data` where the command judges. Integers beyond 2^53 are strings, times ISO 8601 in UTC, durations milliseconds, sizes bytes; every row has every column of its
 * section.
 */
export function* renderJson(report: Report, provenance: Provenance): Generator<string> {
  const { server, collectedAt } = provenance;
  const head = {
    schemaVersion: SCHEMA_VERSION,
    command: report.command,
    server:
      server === null
        ? null
        : { version: server.version, database: server.database, address: server.address, role: server.role },
    collectedAt: collectedAt.toISOString(),
    warnings: report.warnings ?? [],
    ...(report.verdicts === undefined || report.verdicts.length === 0 ? {} : { verdicts: report.verdicts }),
  };
  for (const [name, value] of Object.entries(head)) {
    yield `${name === 'schemaVersion' ? '{\n' : ''}  "${name}": ${jsonText(value)},\n`;
  }
  yield '  "data": [';
  let separator = '\n';
  for (const row of rowsOf(report)) {
    yield `${separator}    ${jsonText(row)}`;
    separator = ',\n';
  }
  yield separator === '\n' ? ']\n}\n' : '\n  ]\n}\n';
}

/** One JSON object per row and line (ndjson.org), with the values of the JSON format and nothing around them. */
export function* renderNdjson(report: Report): Generator<string> {
  for (const row of rowsOf(report)) yield `${jsonText(row)}\n`;
}

/**
 * JSON of any value on one line. JSON.stringify leaves DEL and the C1 controls as they are, and U+009B starts an escape
 * sequence on some terminals, so they are written as \u escapes too.
 */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'bigint' ? exactOf(member, { name: '' }) : member,
  );
  return text.replace(/[\x7f-\x9f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}

function* rowsOf(report: Report): Generator<Readonly<Record<string, Exact>>> {
  const tables = report.sections === undefined ? [tabular(report)] : report.sections.map(sectionTable);
  for (const { columns, rows } of tables) for (const row of rows) yield exactRow(columns, row);
}

function exactRow(columns: Report['columns'], row: Row): Readonly<Record<string, Exact>> {
  return Object.fromEntries(columns.map((column) => [column.name, exactOf(row[column.name], column)]));
}
