import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packageFile } from '../../package-file.ts';
import { parseReport } from './parse.ts';
import type { ReportFile } from './report-file.ts';

/** The commands of `sql/<noun>`, from the names of its files alone: nothing is read before it is asked for. */
export function reportCommands(noun: string): ReadonlyMap<string, readonly string[]> {
  const commands = new Map<string, string[]>();
  for (const name of readdirSync(fileURLToPath(packageFile(`sql/${noun}/`))).toSorted(firstFileFirst)) {
    const [command] = /^[a-z-]+(?=(?:\.[a-z-]+)?\.sql$)/.exec(name) ?? [];
    if (command !== undefined) commands.set(command, [...(commands.get(command) ?? []), `sql/${noun}/${name}`]);
  }
  return commands;
}

/** `replication.sql`, then `replication.receiver.sql`, `replication.slots.sql`. */
function firstFileFirst(left: string, right: string): number {
  const [first, second] = [left, right].map((name) => name.replace(/\.sql$/, ''));
  return (first ?? '') < (second ?? '') ? -1 : 1;
}

/** A command's sections in order: its own file, then the others by name. */
export function readReport(paths: readonly string[]): readonly ReportFile[] {
  return paths.map(readReportFile);
}

/**
 * Waits for the disk, because reading one small file aside starts the four threads of libuv's pool.
 * @throws OrdersyncError `usage` when its header is not of the grammar
 */
export function readReportFile(path: string): ReportFile {
  return parseReport(path, readFileSync(packageFile(path), 'utf8'));
}
