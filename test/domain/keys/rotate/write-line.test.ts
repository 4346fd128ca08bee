import { expect, test } from 'vitest';
import { createWriteLine } from '../../../../src/domain/keys/rotate/write-line.ts';

test('a failure is told, and settled only when what is still under way has ended too', async () => {
  const line = createWriteLine(2);
  let release: (() => void) | undefined;
  let ended = false;
  line.start(async () => {
    throw new Error('refused');
  });
  line.start(async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    ended = true;
  });
  await expect(line.room()).rejects.toThrow('refused');
  const settled = line.settled();
  release?.();
  await settled;
  expect(ended).toBe(true);
  await expect(line.wait()).rejects.toThrow('refused');
});

test('what comes after all begins when all have ended well, and never after a failure', async () => {
  const order: string[] = [];
  const line = createWriteLine(2);
  line.start(async () => void order.push('first'));
  line.startAfterAll(async () => void order.push('finish'));
  await line.wait();
  line.start(async () => {
    throw new Error('refused');
  });
  line.startAfterAll(async () => void order.push('never'));
  await line.settled();
  expect(order).toEqual(['first', 'finish']);
});
