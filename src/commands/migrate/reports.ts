import { counted } from '../../counted.ts';
import type { AppliedFile, ReadyFile } from '../../domain/migrations/apply/run.ts';
import type { Report } from '../../output/report.ts';

/** What a run did, one row per file. */
export function appliedReport(command: string, files: readonly AppliedFile[], notes: readonly string[]): Report {
  return {
    command,
    columns: [
      { name: 'version' },
      { name: 'description' },
      { name: 'direction' },
      { name: 'execution_time_ms', type: 'ms' },
      { name: 'statements', type: 'integer' },
      { name: 'attempts', type: 'integer', wide: true },
      { name: 'file', wide: true },
    ],
    rows: files.map((file) => ({
      version: file.version,
      description: file.description,
      direction: file.direction,
      execution_time_ms: file.executionTimeMs,
      statements: file.statements,
      attempts: file.attempts,
      file: file.file,
    })),
    notes,
  };
}

/** What a run would do: the very SQL as text, one row per file for machines. */
export function plannedReport(command: string, files: readonly ReadyFile[], empty: string): Report {
  return {
    command,
    columns: [
      { name: 'version' },
      { name: 'description' },
      { name: 'direction' },
      { name: 'transaction', type: 'boolean' },
      { name: 'statements', type: 'integer' },
      { name: 'file' },
      { name: 'sql', wide: true },
    ],
    rows: files.map(({ version, description, direction, script }) => ({
      version,
      description,
      direction,
      transaction: script.directives.transaction,
      statements: script.statements.length,
      file: script.file,
      sql: script.text,
    })),
    ...(files.length === 0 ? {} : { text: files.map(scriptText).join('\n') }),
    notes: [files.length === 0 ? empty : `${counted(files.length, 'file')}; nothing was run`],
  };
}

/** Runnable by psql: what ordersync adds around a file is there too, except for its row in the ledger. */
function scriptText({ script }: ReadyFile): string {
  const { transaction } = script.directives;
  const mode = transaction ? 'one transaction' : 'statement by statement, outside a transaction';
  const head = `-- ${script.file}: ${counted(script.statements.length, 'statement')}, ${mode}`;
  const body = `${script.text.trimEnd()}${/;\s*$/.test(script.text) ? '' : '\n;'}`;
  return transaction ? `${head}\nbegin;\n${body}\ncommit;\n` : `${head}\n${body}\n`;
}
