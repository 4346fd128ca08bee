import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/cli/program.ts';
import type { Io } from '../../src/cli/io.ts';
import { run } from '../support/io.ts';

const IO: Io = {
  stdin: new PassThrough(),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env: {},
  cwd: '/',
  onSignal: () => () => {},
  exit: () => {},
};

async function globalsOf(line: string): Promise<readonly string[]> {
  const parsed = await parseArguments(line.split(' '), IO);
  if (parsed.kind !== 'builtin') throw new Error(`${line} is no built-in command`);
  return parsed.call.globals;
}

describe('global options of the built-in commands', () => {
  it.each([
    ['demo', []],
    ['demo --format json --progress=none', ['--format=json', '--progress=none']],
    ['--verbose demo --no-color --keep', ['--no-color', '--verbose']],
    ['completion bash --color', ['--color']],
  ])('%s honours what it was given', async (line, words) => {
    expect(await globalsOf(line)).toEqual(words);
  });

  it('that are refused are in no help', async () => {
    const { stdout } = await run(['completion', '--help']);
    expect(stdout).toContain('--no-color');
    expect(stdout).not.toContain('--format');
    expect((await run(['demo', '--help'])).stdout).toContain('--format');
    expect((await run(['demo', '--help'])).stdout).not.toContain('--url');
  });
});
