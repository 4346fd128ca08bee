import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import { outside } from '../support/outside.ts';

const SCRIPT = fileURLToPath(new URL('../vectors/read_ciphertext.py', import.meta.url));

export interface StoredText {
  readonly table: string;
  readonly column: string;
  readonly rowId: string;
  readonly text: string;
}

/** Decrypts by the reader in Python; `key` is a data key in hex. The test is left out where there is no Python. */
export function readByPython(context: TestContext, { table, column, rowId, text }: StoredText, key: string) {
  const run = spawnSync(outside('python3', context), [SCRIPT, table, column, rowId], { input: `${key}\n${text}\n` });
  return { status: run.status, output: run.stdout, complaint: run.stderr.toString('utf8') };
}
