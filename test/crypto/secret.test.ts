import { format, inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../src/crypto/secret.ts';

const BYTES = 'correct horse battery';
const secret = () => new Secret('data key', Buffer.from(BYTES));

test('a secret shows its kind and never its bytes when it is inspected, alone or inside something', () => {
  for (const shown of [
    inspect(secret()),
    format('%o', { key: secret() }),
    inspect(new Map([['k', secret()]]), { depth: 9, showHidden: true }),
  ]) {
    expect(shown).toContain('[secret data key]');
    expect(shown).not.toContain('correct');
    expect(shown).not.toContain(Buffer.from(BYTES).toString('hex').slice(0, 8));
  }
});

test('a secret refuses to become text or JSON', () => {
  expect(() => String(secret())).toThrow(TypeError);
  expect(() => `${secret() as unknown as string}x`).toThrow(TypeError);
  expect(() => JSON.stringify({ key: secret() })).toThrow(TypeError);
});

test('a secret has no property that leads to its bytes and does not survive a copy', () => {
  expect(Object.keys(secret())).toEqual(['kind']);
  expect(structuredClone(secret())).toEqual({ kind: 'data key' });
});

test('destroying a secret overwrites its bytes and ends its use', () => {
  const bytes = Buffer.from(BYTES);
  const key = new Secret('data key', bytes);
  expect(key.expose()).toBe(bytes);
  key.destroy();
  key.destroy();
  expect(bytes.every((byte) => byte === 0)).toBe(true);
  expect(() => key.expose()).toThrow('already destroyed');
});
