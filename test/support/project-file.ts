import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Path of an ordersync.config.json that goes with the test. */
export async function projectFile(content: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ordersync-project-'));
  onTestFinished(async () => rm(folder, { recursive: true }));
  const file = join(folder, 'ordersync.config.json');
  await writeFile(file, JSON.stringify(content));
  return file;
}
