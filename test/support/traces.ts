import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Processes whose working directory lies in a folder: every process of a server works in its data directory. */
export function processesIn(directory: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => workingDirectoryOf(pid).startsWith(directory))
    .map(Number);
}

/** System V shared memory segments, by the id that line 7 of postmaster.pid names. */
function sharedSegments(): number[] {
  const [, ...rows] = readFileSync('/proc/sysvipc/shm', 'utf8').trim().split('\n');
  return rows.map((row) => Number(row.trim().split(/\s+/)[1]));
}

export function segmentOf(dataDir: string): number {
  const line = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[6];
  return Number(line?.trim().split(/\s+/)[1]);
}

/** What is still there of a server, in words; empty when nothing is. */
export function tracesOf(server: { readonly directory: string; readonly segment: number }): string[] {
  const traces = processesIn(server.directory).map((pid) => `process ${pid}`);
  if (existsSync(server.directory)) traces.push(`directory ${server.directory}`);
  if (sharedSegments().includes(server.segment)) traces.push(`shared memory segment ${server.segment}`);
  return traces;
}

function workingDirectoryOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch (error) {
    // It ended meanwhile, it is a zombie, or it is somebody else's.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ESRCH') return '';
    throw error;
  }
}
