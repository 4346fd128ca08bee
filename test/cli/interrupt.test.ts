import { describe, expect, it } from 'vitest';
import type { Context } from '../../src/context.ts';
import { listenForInterrupts } from '../../src/cli/interrupt.ts';
import type { Io } from '../../src/cli/io.ts';
import { systemClock } from '../../src/cli/session.ts';
import { run } from '../support/io.ts';
import { useFakes } from './fake.ts';

const register = useFakes();

type Signal = 'SIGINT' | 'SIGTERM';

/** Runs a command that is sent these signals while it works, one after the other. */
async function interrupted(signals: readonly Signal[], work: (signal: AbortSignal) => Promise<unknown>) {
  const exits: number[] = [];
  let deliver: ((signal: Signal) => void) | undefined;
  register({
    run: async ({ signal }: Context) => {
      for (const name of signals) deliver?.(name);
      return work(signal);
    },
  });
  const ended = await run(['fake', 'go', '--format', 'csv'], {
    onListen: (listener) => {
      deliver = listener;
    },
    onExit: (code) => exits.push(code),
  });
  return { ...ended, exits };
}

const patient = async (signal: AbortSignal): Promise<never[]> => {
  await systemClock().sleep(3_600_000, signal);
  signal.throwIfAborted();
  return [];
};

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, code) => {
  it(`stops the work at its next safe point, says so, and exits ${code}`, async () => {
    expect(await interrupted([signal], patient)).toEqual({
      code,
      stdout: '',
      stderr: `stopping at the next safe point; once more to stop at once\nordersync: interrupted by ${signal}\n`,
      exits: [],
    });
  });

  it(`for the second time ends the process at once with ${code}`, async () => {
    expect((await interrupted(['SIGINT', signal], patient)).exits).toEqual([code]);
  });

  it('that comes too late to stop anything leaves the result as it is', async () => {
    const ended = await interrupted([signal], async () => [{ a: 'done' }]);
    expect(ended).toMatchObject({ code: 0, stdout: 'a\r\ndone\r\n' });
  });
});

describe('listening', () => {
  it('gives the reason with the abort, and ends when the command ends', () => {
    const listeners = new Set<(signal: Signal) => void>();
    const told: string[] = [];
    const io: Pick<Io, 'onSignal' | 'exit'> = {
      onSignal: (listener) => (listeners.add(listener), () => void listeners.delete(listener)),
      exit: () => undefined,
    };
    const interrupts = listenForInterrupts(io as Io, (line) => told.push(line)); // all that it uses
    for (const deliver of listeners) deliver('SIGTERM');
    expect(interrupts.signal.reason).toMatchObject({
      code: 'interrupted',
      message: 'interrupted by SIGTERM',
      details: { signal: 'SIGTERM' },
    });
    expect(told).toHaveLength(1);
    interrupts.dispose();
    expect(listeners.size).toBe(0);
  });
});
