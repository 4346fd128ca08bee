import { PassThrough } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { OrdersyncError } from '../../src/errors.ts';
import { askForName } from '../../src/output/prompt.ts';

interface Asked {
  readonly answer: Promise<string>;
  readonly stdin: PassThrough & { isTTY: boolean };
  readonly drawn: () => string;
  readonly shown: () => Promise<void>;
}

function ask(expected: string, isTTY = true, signal?: AbortSignal): Asked {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const stderr = new PassThrough();
  let drawn = '';
  stderr.on('data', (chunk: Buffer) => void (drawn += chunk.toString()));
  const question = {
    message: 'Type the database name to go on:',
    expected,
    ...(signal === undefined ? {} : { signal }),
  };
  const shown = async (): Promise<void> => {
    await vi.waitUntil(() => drawn.includes('go on:'), { timeout: 60_000 });
  };
  return { answer: askForName({ stdin, stderr }, question), stdin, drawn: () => drawn, shown };
}

describe('asking for a name', () => {
  it.each([
    ['shop', 'shop\r', 'confirmed'],
    ['shop', 'shopp\r', 'mismatch'],
    ['shop', 'Shop\r', 'mismatch'],
    ['shop', '\r', 'mismatch'],
    ['주문', `${'주문'.normalize('NFD')}\r`, 'confirmed'],
    ['shop', 'sh\u0003', 'aborted'],
    ['shop', '\u0004', 'aborted'],
  ])('expecting %s, %j is %s', async (expected, keys, outcome) => {
    const asked = ask(expected);
    await asked.shown();
    asked.stdin.write(keys);
    expect(await asked.answer).toBe(outcome);
    expect(asked.drawn()).toContain('Type the database name to go on:');
  });

  it('is left when the input ends', async () => {
    const asked = ask('shop');
    await asked.shown();
    asked.stdin.end();
    expect(await asked.answer).toBe('aborted');
  });

  it('is left when the signal aborts', async () => {
    const controller = new AbortController();
    const asked = ask('shop', true, controller.signal);
    await asked.shown();
    controller.abort();
    expect(await asked.answer).toBe('aborted');
  });

  it('leaves no listener behind', async () => {
    const asked = ask('shop');
    await asked.shown();
    asked.stdin.write('shop\r');
    await asked.answer;
    for (const event of ['end', 'close']) {
      expect(asked.stdin.listeners(event).filter((listener) => listener.name === 'leave')).toEqual([]);
    }
  });

  it('refuses an answer from a pipe', async () => {
    const asked = ask('shop', false);
    asked.stdin.write('shop\r');
    const refusal: unknown = await asked.answer.catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(OrdersyncError);
    expect(refusal).toMatchObject({
      code: 'not_confirmed',
      details: { hint: expect.stringContaining('--confirm shop') as string },
    });
    expect(asked.drawn()).toBe('');
  });
});
