import { expect, test } from 'vitest';
import { OrdersyncError } from '../../../../src/errors.ts';
import { manifestBytes, parseManifest } from '../../../../src/domain/archive/manifest/parse.ts';
import { draftOf, newSigner, signed } from './fixture.ts';

const genuine = signed(newSigner(), { sequence: 1 });
const text = manifestBytes(genuine).toString('utf8');

function refusalOf(bytes: string | Uint8Array): { reason: unknown; message: string; body: string } {
  try {
    parseManifest(Buffer.from(bytes), 'manifests/000000001.json');
  } catch (error) {
    if (!(error instanceof OrdersyncError)) throw error;
    const { facts, body = [] } = error.details;
    return { reason: facts?.['reason'], message: error.message, body: body.join('\n') };
  }
  throw new Error('it was accepted');
}

test('what was written is read', () => {
  expect(parseManifest(manifestBytes(genuine), 'here')).toEqual(genuine);
});

test.each([
  ['nothing', '', /no JSON/],
  ['half of it', text.slice(0, -30), /no JSON/],
  ['no UTF-8', Buffer.concat([Buffer.from(text.slice(0, 30)), Buffer.of(0xff)]), /no JSON in UTF-8/],
  ['another document', '{"a":1}', /manifest: must be/],
  ['null', 'null', /must be/],
  ['a member twice', text.replace('"kind":"month"', '"kind":"supplement","kind":"month"'), /canonical/],
  ['white space', text.replace(',', ', '), /canonical/],
  ['no line end', text.trimEnd(), /canonical/],
  ['a byte order mark', `\ufeff${text}`, /canonical|no JSON/],
  ['a member too many', text.replace('"kind"', '"extra":1,"kind"'), /manifest\.extra: no such member/],
  ['a number that does not fit', text.replace('"rows":2,"table"', '"rows":9007199254740993,"table"'), /rows: must be/],
  ['a negative count', text.replace('"bytes":10', '"bytes":-10'), /bytes: must be/],
  [
    'a digest in capitals',
    text.replaceAll(/"sha256":"([0-9a-f]+)"/gu, (_, hex: string) => `"sha256":"${hex.toUpperCase()}"`),
    /sha256: must be/,
  ],
  ['an unknown kind', text.replace('"kind":"month"', '"kind":"mouth"'), /kind: must be/],
  [
    'rows that the hours do not add up to',
    manifestBytes(
      signed(newSigner(), { sources: draftOf('2025-01').sources.map((source) => ({ ...source, rows: 3 })) }),
    ).toString(),
    /its leaves have 2 rows, and it says 3/,
  ],
])('%s is refused', (_, bytes, body) => {
  expect(refusalOf(bytes)).toEqual({
    reason: 'not_a_manifest',
    message: 'manifests/000000001.json is not a manifest',
    body: expect.stringMatching(body),
  });
});

test('a newer format is told apart from damage', () => {
  expect(refusalOf(text.replace('ordersync-archive/1', 'ordersync-archive/2'))).toEqual({
    reason: 'newer_manifest',
    message: 'manifests/000000001.json is a manifest of the format ordersync-archive/2',
    body: '',
  });
});
