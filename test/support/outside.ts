import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'vitest';

/** How the note of a test begins that could not run here; left-out-reporter.ts lists them at the end. */
export const LEFT_OUT = 'left out:';

/** Programs that package managers put where an ordinary user's PATH does not look. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];

/**
 * The path of a program that does not come with `npm ci`. Where it is not installed the test is left out, and the last
 * lines of the run say so; with ORDERSYNC_TEST_REQUIRE_ALL=1 it fails instead.
 */
export function outside(program: string, context: Pick<TestContext, 'skip'>): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  const found = folders.map((folder) => join(folder, program)).find(isExecutable);
  if (found !== undefined) return found;
  if (process.env['ORDERSYNC_TEST_REQUIRE_ALL'] === '1')
    throw new Error(`${program} is not installed, and this run may leave nothing out`);
  return context.skip(`${LEFT_OUT} ${program} is not installed`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: the same to a test.
    return false;
  }
}
