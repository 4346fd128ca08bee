import type { Provenance, Report } from './report.ts';
import type { Terminal } from './terminal.ts';

/** Every way a report can be written to stdout. */
export const formats = ['table', 'json', 'ndjson', 'csv', 'markdown'] as const;
/** `nagios` and `junit` are made of a report's answers, and not of its rows. */
export type Format = (typeof formats)[number] | 'nagios' | 'junit';

export interface RenderOptions {
  readonly format: Format;
  /** The facts of the stream the text goes to. */
  readonly terminal: Terminal;
  /** Shows the columns marked `wide` in tables and Markdown. */
  readonly verbose: boolean;
}

/**
 * A report as text, in pieces of some 64 kB so that a slow reader holds up the writing and not the memory. The same
 * report gives the same bytes. Warnings and notes are not in it, except that JSON has a member for the warnings.
 */
export async function renderReport(
  report: Report,
  provenance: Provenance,
  options: RenderOptions,
): Promise<Iterable<string>> {
  return chunked(await renderers[options.format](report, provenance, options));
}

type Renderer = (report: Report, provenance: Provenance, options: RenderOptions) => Promise<Iterable<string>>;

/** A run writes one format, so each is loaded only when it is the one. */
const renderers: Readonly<Record<Format, Renderer>> = {
  table: async (report, _, options) => (await import('./table.ts')).renderTable(report, options),
  json: async (report, provenance) => (await import('./json.ts')).renderJson(report, provenance),
  ndjson: async (report) => (await import('./json.ts')).renderNdjson(report),
  csv: async (report) => (await import('./csv.ts')).renderCsv(report),
  nagios: async (report) => (await import('./nagios.ts')).renderNagios(report),
  junit: async (report, provenance) => (await import('./junit.ts')).renderJunit(report, provenance),
  markdown: async (report, _, options) => (await import('./markdown.ts')).renderMarkdown(report, options.verbose),
};

// The size of a pipe's buffer on Linux.
const CHUNK_CHARACTERS = 65_536;

function* chunked(lines: Iterable<string>): Generator<string> {
  let chunk = '';
  for (const line of lines) {
    chunk += line;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}
