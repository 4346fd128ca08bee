import type { Clock, ProgressEvent } from '../context.ts';
import type { ServerFacts } from '../db/session.ts';
import type { Progress } from '../output/progress.ts';
import { createProgress } from '../output/progress.ts';
import type { Provenance, Report } from '../output/report.ts';
import { terminalOf } from '../output/terminal.ts';
import type { GlobalValues } from './globals.ts';
import type { Io } from './io.ts';
import { writeAll } from './io.ts';
import { presentPage } from './present-page.ts';

/** Everything a command says: events and notes to stderr while it works, its report to stdout at the end. */
export interface Talk {
  readonly note: (message: string) => void;
  readonly warn: (message: string) => void;
  readonly event: (event: ProgressEvent) => void;
  /** Before each look of a command that watches: clears a terminal, and says the time. */
  startLook(): void;
  present(report: Report, server: ServerFacts | undefined): Promise<void>;
  close(): void;
}

/** Cursor home, then everything below it. */
const CLEAR = '\u001b[H\u001b[J';

export function openTalk(io: Io, globals: GlobalValues, clock: Clock): Talk {
  const color = globals.color ? true : globals.noColor ? false : undefined;
  const stdout = terminalOf(io.stdout, io.env, { color });
  const stderr = terminalOf(io.stderr, io.env, { color });
  const progress: Progress = createProgress({
    mode: globals.progress,
    write: (text) => void io.stderr.write(text),
    terminal: stderr,
    clock,
  });
  const note = (message: string): void => progress.handle({ kind: 'note', message });
  const warn = (message: string): void => progress.handle({ kind: 'warning', message });
  return {
    note,
    warn,
    event: progress.handle,
    close: progress.stop,
    startLook: () => {
      if (stdout.isTTY) io.stdout.write(CLEAR);
      if (stdout.isTTY || globals.format === 'table') io.stdout.write(`${clock.now().toISOString().slice(0, 19)}Z\n`);
    },
    present: async (report, server) => {
      progress.stop();
      const { renderReport } = await import('../output/render.ts');
      const provenance: Provenance = { server: describeServer(server), collectedAt: clock.now() };
      if (report.page !== undefined) await presentPage(io, report.page, { provenance, format: globals.format });
      if (report.page !== undefined && report.page.file === undefined && globals.format === 'table') return;
      await writeAll(
        io.stdout,
        await renderReport(report, provenance, { format: globals.format, terminal: stdout, verbose: globals.verbose }),
      );
      if (globals.format !== 'json') for (const warning of report.warnings ?? []) warn(warning);
      for (const line of report.notes ?? []) note(line);
    },
  };
}

function describeServer(server: ServerFacts | undefined): Provenance['server'] {
  if (server === undefined) return null;
  const { version, database, address, inRecovery } = server;
  return { version, database, address, role: inRecovery ? 'standby' : 'primary' };
}
