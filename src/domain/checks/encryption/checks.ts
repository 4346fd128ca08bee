import type { Check, Look, Requirement, Sighting } from '../check.ts';
import { ok } from '../check.ts';
import { ENCRYPTED_TABLES } from '../../encryption/registry.ts';
import { encryptFix, keyColumnFix } from './fixes.ts';
import type { PairFault } from './queries.ts';
import { lookForRepeatedNonces } from './nonces.ts';
import { lookAtRegistry } from './registry.ts';
import { lookByDecrypting } from './round-trip.ts';
import type { FaultyPair, PairSample } from './sample.ts';
import { describeCoverage, samplePairs } from './sample.ts';

const BOX = '보안: 모든 민감 데이터 암호화 확인';
const ALL_ROWS: readonly Requirement[] = [
  ...ENCRYPTED_TABLES.map(({ name }): Requirement => ({ kind: 'rows', name: `public.${name}` })),
  { kind: 'rows', name: 'public.encryption_keys' },
  { kind: 'rows', name: 'public.encryption_data_keys' },
];

/** What the registry of encrypted columns, the values and the keys say of each other. */
export const ENCRYPTION_CHECKS: readonly Check[] = [
  {
    id: 'sec.encryption-registry',
    title: 'the program knows every encrypted column',
    box: BOX,
    profiles: ['pre-deploy', 'daily'],
    expected: 'the encrypted columns of the database are those of the registry',
    why: 'key rotation passes a column by that it does not know, and its values become unreadable with the old key',
    requires: [{ kind: 'table', name: 'public.users' }],
    look: lookAtRegistry,
  },
  {
    id: 'sec.encryption-plaintext',
    title: 'no encrypted column holds plaintext',
    box: BOX,
    profiles: ['pre-deploy', 'daily'],
    expected: 'every value has the form of a ciphertext (docs/ciphertext.md)',
    why: 'whoever reads the table, a backup or a log reads personal data',
    requires: ALL_ROWS,
    look: async (look) =>
      faultSightings(await sampled(look), ['plaintext'], 'critical', (fault) =>
        fault.ids.map((id, index) => encryptFix(fault, id, fault.rowIds[index] ?? id)),
      ),
  },
  {
    id: 'sec.encryption-pairs',
    title: 'beside every value stands its key',
    box: BOX,
    profiles: ['pre-deploy', 'daily'],
    expected: 'value and key column are both there or both empty, and name the same key',
    why: 'reports and rotation go by the key column; a wrong one makes a key look unused',
    requires: ALL_ROWS,
    look: async (look) =>
      faultSightings(await sampled(look), ['half_pair', 'key_mismatch'], 'critical', (fault) => [keyColumnFix(fault)]),
  },
  {
    id: 'sec.encryption-keys',
    title: 'the key of every value is known',
    box: BOX,
    profiles: ['pre-deploy', 'daily'],
    expected: 'the kid of every value is in encryption_data_keys',
    why: 'without its key a value is lost',
    requires: ALL_ROWS,
    look: async (look) =>
      faultSightings(await sampled(look), ['unknown_key'], 'critical', () => [
        { kind: 'doc', text: 'restore the rows of encryption_keys and encryption_data_keys from a backup' },
      ]),
  },
  {
    id: 'sec.encryption-nonces',
    title: 'no nonce was used twice',
    box: BOX,
    profiles: ['pre-deploy', 'daily'],
    expected: 'no two different values of a column have the same key and nonce',
    why: 'AES-GCM gives away both values, and its authentication key, when a nonce repeats',
    requires: ALL_ROWS,
    look: lookForRepeatedNonces,
  },
  {
    id: 'sec.encryption-readable',
    title: 'stored values can be decrypted',
    box: BOX,
    profiles: ['pre-deploy', 'daily'],
    expected: 'every value of a sample decrypts in its row and column',
    why: 'a value that does not is damaged, was moved, or its key is not what it says',
    requires: ALL_ROWS,
    look: lookByDecrypting,
  },
];

function sampled(look: Look): Promise<PairSample> {
  const { session, limitMs, signal, options } = look;
  return look.once('encrypted pairs', async () => samplePairs(session, { rows: options.sampleRows, limitMs, signal }));
}

function faultSightings(
  { faults, coverage }: PairSample,
  kinds: readonly PairFault[],
  severity: 'warning' | 'critical',
  fixesOf: (fault: FaultyPair) => readonly Sighting['fix'][],
): Sighting[] {
  const found = faults.filter(({ fault }) => kinds.includes(fault));
  if (found.length === 0) return [ok(describeCoverage(coverage))];
  return found.flatMap((fault) => {
    const evidence = `${fault.table.name}.${fault.pair.value}: ${fault.values} with ${fault.fault}, such as the row ${fault.ids[0]}`;
    return fixesOf(fault).map((fix): Sighting => ({ severity, evidence, fix }));
  });
}
