/** A command's result as a value. Renderers in this folder turn it into a table, JSON, NDJSON, CSV or Markdown. */
export interface Report {
  /** Words of the command, "migrate status": the `command` member of JSON. */
  readonly command: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Several tables under one command; `columns` and `rows` are empty then. */
  readonly sections?: readonly Section[];
  /** What the command thinks of what it found, for each section that it judges: the `verdicts` member of JSON. */
  readonly verdicts?: readonly SectionVerdict[];
  /** How it ended; the exit code follows from it (src/cli/exit.ts). Default: ok. */
  readonly outcome?: Outcome;
  /** Replaces the table for people when the result is text by nature, such as SQL. */
  readonly text?: string;
  /** The same as a page for a browser: written to its file, or in place of the table. */
  readonly page?: Page;
  /** What was judged, one by one: the formats nagios and junit are made of these. */
  readonly answers?: readonly Answer[];
  /** Sentences for people, on stderr, after the table: what it means and what to do next. */
  readonly notes?: readonly string[];
  /** Goes into JSON `warnings` and on stderr for people. */
  readonly warnings?: readonly string[];
}

/** An answer to a question that is asked again and again. */
export interface Answer {
  readonly id: string;
  readonly title: string;
  /** What belongs together. */
  readonly group: string;
  readonly severity: 'ok' | 'warning' | 'critical' | 'unknown' | 'skipped';
  readonly message: string;
  readonly details: readonly string[];
  readonly durationMs: number;
}

/** `unknown`: it could not be looked at. */
export type Outcome = 'ok' | 'unhealthy' | 'partial' | 'refused' | 'unknown';

export interface Section {
  /** One word: the column `section` of the formats that have one table only. */
  readonly name: string;
  /** What stands above it for people. */
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

export interface SectionVerdict {
  readonly section: string;
  readonly verdict: 'ok' | 'warning' | 'critical' | 'unknown';
  readonly reason: string | null;
  readonly fix: string | null;
}

export interface Column {
  /** Name in JSON and CSV, snake_case; the table head replaces _ by a space. */
  readonly name: string;
  /** Decides alignment and how a table shows the value; JSON and CSV stay raw. Default: text. */
  readonly type?: 'text' | 'integer' | 'number' | 'bytes' | 'ms' | 'ratio' | 'time' | 'boolean' | 'state';
  /** Shown in tables only with --verbose; always present in JSON and CSV. */
  readonly wide?: boolean;
}

/** `time` cells are Date or ISO text, `ms` numbers, `bytes` numbers or bigint; bigint beyond 2^53 becomes a JSON string. */
export type Cell = string | number | bigint | boolean | Date | null | undefined | readonly string[];
export type Row = Readonly<Record<string, Cell>>;

/** What every machine-readable answer says about where it comes from. */
export interface Provenance {
  readonly server: {
    readonly version: string;
    readonly database: string;
    readonly address: string;
    readonly role: 'primary' | 'standby';
  } | null;
  readonly collectedAt: Date;
}

/** A page without script and without a request, for mail, print and a browser; output/page/page.ts makes HTML of it. */
export interface Page {
  readonly title: string;
  /** Replaced as a whole; undefined: standard output. */
  readonly file: string | undefined;
  readonly chapters: readonly Chapter[];
}

/** One command's sections. */
export interface Chapter {
  /** An identifier within the page, too. */
  readonly name: string;
  readonly title: string;
  readonly command: string | undefined;
  readonly sections: readonly PageSection[];
}

export interface PageSection extends Section {
  /** Undefined when it judges nothing. */
  readonly verdict: SectionVerdict | undefined;
  /** Where its rows are judged for themselves: each of them is counted and listed, in place of the section. */
  readonly findings?: readonly SectionVerdict[];
  /** What it means that there are no rows. */
  readonly empty: string | undefined;
  /** What was hidden from it. */
  readonly losses: readonly string[];
  readonly chart: Chart | undefined;
}

/** Bars of the first rows: `label` names a column of text, `values` columns of figures that are put one after the other. */
export interface Chart {
  readonly label: string;
  readonly values: readonly string[];
  /** Where a bar is full; undefined: at the longest. */
  readonly full?: number;
}

/** A full screen as a value; output/screen.ts makes lines of it. */
export interface ScreenFrame {
  readonly facts: readonly Fact[];
  /** Lines of their own above the table. */
  readonly notes: readonly string[];
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Index of the row that the next key acts on; its line is kept in view, with a mark. */
  readonly selected?: number | undefined;
  /** In the place of a table without rows. */
  readonly empty: string;
  /** In the place of the table, from this line on: words, or one row with every column of its own line. */
  readonly instead?: Instead | undefined;
  /** What is being typed: the last line but one. */
  readonly input?: { readonly label: string; readonly text: string } | undefined;
  /** The last line: what can be pressed. */
  readonly keys: string;
}

export type Instead = { readonly offset: number } & (
  | { readonly text: readonly string[] }
  | { readonly columns: readonly Column[]; readonly row: Row }
);

export interface Fact {
  readonly name: string;
  readonly value: Cell;
  readonly type?: Column['type'];
}
