import { expect, test } from 'vitest';
import type { ChainRequest, ChainVerdict } from '../../../../src/domain/archive/manifest/chain.ts';
import { examineLink, verifyChain } from '../../../../src/domain/archive/manifest/chain.ts';
import type { SignedManifest } from '../../../../src/domain/archive/manifest/manifest.ts';
import { manifestKey } from '../../../../src/domain/archive/manifest/places.ts';
import { chainOf, DATABASE, newSigner, signed } from './fixture.ts';

const signer = newSigner();
const keys = new Map([[signer.id, signer.publicKey]]);
const chain = chainOf(signer, 6);
const headOf = ({ manifest, digest }: SignedManifest) => ({
  sequence: manifest.sequence,
  digest,
  source: 'the database',
});
const HEADS = [headOf(chain[5] as SignedManifest)];

/** What lies in the places 1, 2, …; undefined for an empty one. */
function verdictOf(
  contents: readonly (SignedManifest | { damaged: string } | undefined)[],
  heads: ChainRequest['heads'] = HEADS,
  publicKeys = keys,
): ChainVerdict {
  const links = contents.flatMap((content, index) => {
    const [sequence, place] = [index + 1, manifestKey(index + 1)];
    return content === undefined ? [] : [examineLink({ sequence, place }, content, publicKeys)];
  });
  return verifyChain({ links, heads });
}

const faultsOf = (verdict: ChainVerdict) => verdict.findings.map(({ sequence, fault }) => [sequence, fault]);
const with_ = (sequence: number, content: SignedManifest | { damaged: string } | undefined) =>
  chain.with(sequence - 1, content as SignedManifest);
const at = (sequence: number) => chain[sequence - 1] as SignedManifest;

test('a whole chain is whole, whatever order it is looked at in, and so is an empty one', () => {
  const head = { sequence: 6, digest: at(6).digest };
  expect(verdictOf(chain)).toEqual({ findings: [], head });
  const links = chain.map((content) => examineLink({ sequence: content.manifest.sequence, place: 'x' }, content, keys));
  expect(verifyChain({ links: links.toReversed(), heads: HEADS })).toEqual({ findings: [], head });
  expect(verifyChain({ links: [], heads: [] })).toEqual({ findings: [], head: undefined });
});

test('one that is missing in the middle, several, and the first', () => {
  expect(verdictOf(with_(3, undefined)).findings).toEqual([
    {
      sequence: 3,
      place: 'manifests/000000003.json',
      fault: 'missing',
      message: 'manifest 3 is missing, and later ones are there',
    },
  ]);
  expect(verdictOf(chain.map((content, index) => (index < 3 ? undefined : content))).findings).toMatchObject([
    { sequence: 1, fault: 'missing', message: 'the manifests 1 to 3 are missing, and later ones are there' },
  ]);
});

test('two neighbours that are missing together', () => {
  expect(
    faultsOf(verdictOf(chain.map((content, index) => (index === 2 || index === 3 ? undefined : content)))),
  ).toEqual([[3, 'missing']]);
});

test('a tail that was cut off is seen by a head, and by nothing else', () => {
  const cut = chain.slice(0, 4);
  expect(verdictOf(cut, [])).toEqual({ findings: [], head: { sequence: 4, digest: at(4).digest } });
  const heads = [...HEADS, { ...headOf(at(6)), source: 'head.json' }, { ...headOf(at(5)), source: 'the database' }];
  expect(verdictOf(cut, heads).findings).toEqual([
    {
      sequence: 5,
      place: 'manifests/000000005.json',
      fault: 'missing',
      message: 'the manifests 5 to 6 are missing, and known to the database and head.json',
    },
  ]);
  expect(verdictOf([], [{ sequence: 2 ** 40, digest: 'f'.repeat(64), source: 'head.json' }]).findings).toHaveLength(1);
});

test('two that were swapped', () => {
  const swapped = chain.with(1, at(3)).with(2, at(2));
  expect(verdictOf(swapped).findings).toMatchObject([
    { sequence: 2, fault: 'reordered', message: 'it is manifest 3, put in the place of 2' },
    { sequence: 3, fault: 'reordered', message: 'it is manifest 2, put in the place of 3' },
  ]);
});

test('one that was replaced by another genuine one is named, not its neighbours', () => {
  const other = signed(signer, { sequence: 3, previous: at(2).digest, month: '2030-01' });
  expect(verdictOf(with_(3, other)).findings).toEqual([
    {
      sequence: 3,
      place: 'manifests/000000003.json',
      fault: 'replaced',
      message: 'it is not the manifest that number 4 was written after',
    },
  ]);
});

test('the first, and the last, that were replaced by other genuine ones', () => {
  expect(faultsOf(verdictOf(with_(1, signed(signer, { sequence: 1, month: '2030-01' }))))).toEqual([[1, 'replaced']]);
  const last = signed(signer, { sequence: 6, previous: at(5).digest, month: '2030-01' });
  expect(verdictOf(with_(6, last)).findings).toMatchObject([
    { sequence: 6, fault: 'replaced', message: 'it is not the manifest that the database knows as number 6' },
  ]);
  expect(faultsOf(verdictOf(with_(6, last), []))).toEqual([]);
});

test('a whole other history, genuine in itself, is given away by the head', () => {
  const other = chainOf(signer, 6, { tool: 'ordersync 9' });
  expect(faultsOf(verdictOf(other))).toEqual([[6, 'replaced']]);
  expect(faultsOf(verdictOf([...chain.slice(0, 3), ...other.slice(3)], []))).toEqual([[3, 'replaced']]);
});

test('a chain whose beginning was cut off and renumbered', () => {
  const later = signed(signer, { sequence: 1, previous: at(1).digest });
  expect(verdictOf([later], []).findings).toMatchObject([
    { sequence: 1, fault: 'replaced', message: 'it is number 1, and says that another was before it' },
  ]);
});

test('content that was changed, with and without its digest', () => {
  const changed = { ...at(3), manifest: { ...at(3).manifest, month: '2030-01' } };
  expect(faultsOf(verdictOf(with_(3, changed)))).toEqual([[3, 'altered']]);
  const forged = {
    ...signed(newSigner(), { sequence: 3, previous: at(2).digest, month: '2030-01' }),
    signature: at(3).signature,
  };
  expect(faultsOf(verdictOf(with_(3, forged)))).toEqual([[3, 'forged']]);
});

test('one that somebody else signed, under his own name and under ours', () => {
  const theirs = signed(newSigner(), { sequence: 3, previous: at(2).digest });
  const finding = verdictOf(with_(3, theirs)).findings[0];
  expect(finding).toMatchObject({ fault: 'unknown_key', message: expect.stringContaining(theirs.signature.key) });
  const posing = { ...theirs, signature: { ...theirs.signature, key: signer.id } };
  expect(faultsOf(verdictOf(with_(3, posing)))).toEqual([[3, 'forged']]);
});

test('the wrong public key makes every manifest a stranger', () => {
  const other = newSigner();
  expect(faultsOf(verdictOf(chain, HEADS, new Map([[other.id, other.publicKey]])))).toEqual(
    chain.map((_, index) => [index + 1, 'unknown_key']),
  );
});

test('a key that was followed by another one stays trusted for what it signed', () => {
  const next = newSigner();
  const seventh = signed(next, { sequence: 7, previous: at(6).digest });
  expect(
    faultsOf(verdictOf([...chain, seventh], [headOf(seventh)], new Map([...keys, [next.id, next.publicKey]]))),
  ).toEqual([]);
});

test('bytes that are no manifest', () => {
  expect(verdictOf(with_(3, { damaged: 'manifests/000000003.json is not a manifest' })).findings).toEqual([
    {
      sequence: 3,
      place: 'manifests/000000003.json',
      fault: 'damaged',
      message: 'manifests/000000003.json is not a manifest',
    },
  ]);
});

/** Each manifest of the database at its place. */
const build = (databases: readonly (typeof DATABASE)[]) => {
  const built: SignedManifest[] = [];
  for (const [index, database] of databases.entries()) {
    built.push(signed(signer, { sequence: index + 1, previous: built.at(-1)?.digest ?? null, database }));
  }
  return built;
};

test('a database that moved to another cluster goes on; two that take turns are found out', () => {
  const moved = { ...DATABASE, systemIdentifier: '7500000000000000000' };
  expect(faultsOf(verdictOf(build([DATABASE, DATABASE, moved, moved]), []))).toEqual([]);
  expect(verdictOf(build([DATABASE, DATABASE, moved, DATABASE]), []).findings).toEqual([
    expect.objectContaining({
      sequence: 3,
      fault: 'other_database',
      message: expect.stringContaining('7500000000000000000'),
    }),
  ]);
});
