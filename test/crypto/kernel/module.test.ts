import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compileKernel, moduleText } from '../../../scripts/build-kernel.js';
import { loadKernel } from '../../../src/crypto/kernel/instance.ts';
import { KERNEL_MODULE } from '../../../src/crypto/kernel/module.ts';

test('the module in the source tree is what kernel/*.ts compiles to, byte for byte', async () => {
  const committed = readFileSync(new URL('../../../src/crypto/kernel/module.ts', import.meta.url), 'utf8');
  const compiled = await compileKernel();
  expect(Buffer.from(KERNEL_MODULE, 'base64').equals(compiled)).toBe(true);
  expect(committed).toBe(moduleText(compiled));
}, 300_000);

test('its memory cannot grow', () => {
  const { memory } = loadKernel(Buffer.from(KERNEL_MODULE, 'base64'));
  expect(memory.length).toBe(768 * 1024);
});
