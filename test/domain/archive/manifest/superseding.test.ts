import { describe, expect, test } from 'vitest';
import type { Manifest, Superseded } from '../../../../src/domain/archive/manifest/manifest.ts';
import { manifestBytes, parseManifest } from '../../../../src/domain/archive/manifest/parse.ts';
import {
  contradictionsBetween,
  supersedingContradictions,
} from '../../../../src/domain/archive/manifest/superseding.ts';
import { archivedMonths } from '../../../../src/domain/archive/months.ts';
import type { ProvenManifest } from '../../../../src/domain/archive/verify/chain.ts';
import { checkSuperseding, successorsOf } from '../../../../src/domain/archive/verify/superseding.ts';
import { draftOf, newSigner, signed } from './fixture.ts';

const signer = newSigner();
const columns = [
  { name: 'id', type: 'uuid', oid: 2950, nullable: false },
  { name: 'ip_address_encrypted', type: 'text', oid: 25, nullable: false },
  { name: 'ip_key_id', type: 'text', oid: 25, nullable: false },
];
const sources = draftOf('2025-01').sources.map((source) => ({ ...source, columns }));
const [source] = sources as [(typeof sources)[number]];
const old = signed(signer, { sequence: 1, sources });
const other = 'f'.repeat(64);
const files = source.files.map((file) => ({ ...file, key: 'audit_logs/new.parquet', sha256: other }));
const renewed = {
  ...source,
  root: other,
  leaves: source.leaves.map((leaf) => ({ ...leaf, sha256: other })),
  keyIds: { zyxwvuts: 2 },
  files,
};
const unchanged = { columns: ['id'], root: source.root, leaves: source.leaves };
const supersedes: Superseded = {
  sequence: 1,
  digest: old.digest,
  kind: 'month',
  sources: [{ table: 'audit_logs', root: source.root, unchanged }],
};

function rewrapOf(changes: Partial<Manifest> = {}, claims: Partial<Superseded> = {}) {
  const claimed = { ...supersedes, ...claims };
  return signed(signer, {
    ...draftOf('2025-01'),
    sequence: 2,
    kind: 'rewrap',
    sources: [renewed],
    supersedes: claimed,
    ...changes,
  });
}

test('a manifest that stands for another is written and read', () => {
  const rewrap = rewrapOf();
  expect(parseManifest(manifestBytes(rewrap), 'here')).toEqual(rewrap);
  expect(contradictionsBetween(rewrap, old)).toEqual([]);
});

const claim = (changes: Partial<Superseded['sources'][number]>) => ({
  sources: [{ ...supersedes.sources[0]!, ...changes }],
});

describe('by itself', () => {
  test.each<[string, Manifest, RegExp]>([
    ['one that does not say of what', without(rewrapOf().manifest), /does not say of what/],
    ['a month that supersedes', rewrapOf({ kind: 'month' }).manifest, /is a month, and supersedes/],
    ['one of a later manifest', rewrapOf({}, { sequence: 2 }).manifest, /no earlier one/],
    ['one of other tables', rewrapOf({}, { sources: [] }).manifest, /other tables/],
    ['one that says that nothing changed', rewrapOf({}, claim({ unchanged: null })).manifest, /says that nothing did/],
    [
      'one that says nothing of a column that no key changes',
      rewrapOf({}, claim({ unchanged: { ...unchanged, columns: ['ip_key_id'] } })).manifest,
      /nothing is said of its columns id/,
    ],
    [
      'one with other rows in an hour',
      rewrapOf({}, claim({ unchanged: { ...unchanged, leaves: unchanged.leaves.slice(1) } })).manifest,
      /other numbers of rows/,
    ],
  ])('%s contradicts itself', (_, manifest, message) => {
    expect(supersedingContradictions(manifest)).toEqual([expect.stringMatching(message)]);
  });
});

describe('beside the manifest it stands for', () => {
  test.each<[string, ReturnType<typeof rewrapOf>, RegExp]>([
    ['another digest', rewrapOf({}, { digest: other }), /manifest 1 is another one/],
    ['another month', rewrapOf({ month: '2025-02' }), /another table, month or columns/],
    ['other columns', rewrapOf({ sources: [{ ...renewed, columns: columns.slice(0, 2) }] }), /month or columns/],
    ['another kind', rewrapOf({}, { kind: 'supplement' }), /manifest 1 is a month/],
    ['another old root', rewrapOf({}, claim({ root: other })), /another root in manifest 1/],
    [
      'other files, and nothing changed',
      rewrapOf({ sources: [{ ...source, files }] }, claim({ unchanged: null })),
      /other files now/,
    ],
  ])('%s is found', (_, rewrap, message) => {
    expect(contradictionsBetween(rewrap, old)).toEqual([expect.stringMatching(message)]);
  });
});

describe('in the chain', () => {
  test('each stands for one that is there, of its month, and that nothing else stands for', () => {
    const chain = [
      link(1),
      link(2, of(1)),
      link(3, of(1)),
      link(4, of(2, 'another')),
      link(5, { ...of(2), month: '2025-02' }),
      link(6, of(2)),
    ];
    const { proven, findings } = checkSuperseding(chain);
    expect(findings.map(({ fault, sequence }) => [fault, sequence])).toEqual(
      [3, 4, 5].map((n) => ['wrong_successor', n]),
    );
    expect([...successorsOf(proven)]).toEqual([
      [1, 2],
      [2, 6],
    ]);
  });
});

test('a month is read from what stands for its parts; what was replaced stays so', () => {
  const chain = [
    part(1, 'month'),
    part(2, 'month'),
    part(3, 'supplement'),
    moved(4, 2),
    moved(5, 1),
    moved(6, 3),
    moved(7, 4),
  ];
  const [month] = archivedMonths(chain);
  expect(month?.parts.map(({ manifest }) => manifest.sequence)).toEqual([7, 6]);
});

function link(sequence: number, changes: Partial<ProvenManifest> = {}): ProvenManifest {
  const digest = `digest ${sequence}`;
  const place = { sequence, table: 'audit_logs', month: '2025-01', kind: 'rewrap', digest } as const;
  return { ...place, signedWith: 'key', files: [], supersedes: undefined, ...changes };
}

function of(sequence: number, digest = `digest ${sequence}`): Pick<ProvenManifest, 'supersedes'> {
  return { supersedes: { sequence, digest } };
}

function part(sequence: number, kind: 'month' | 'supplement') {
  return signed(signer, { ...draftOf('2025-01'), sequence, kind });
}

function moved(sequence: number, superseded: number) {
  return rewrapOf({ sequence }, { sequence: superseded });
}

function without(manifest: Manifest): Manifest {
  const { supersedes, ...rest } = manifest;
  return supersedes === undefined ? manifest : rest;
}
