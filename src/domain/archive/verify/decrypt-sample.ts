import { randomInt } from 'node:crypto';
import type { KeySet } from '../../../crypto/cipher-key.ts';
import { kidOf } from '../../../crypto/ciphertext.ts';
import { openValue } from '../../../crypto/value.ts';
import type { DecryptFault } from '../../../crypto/value.ts';
import type { DatabaseKeys } from '../../encryption/database-keys.ts';
import { NO_ADDRESS } from '../../encryption/registry.ts';
import type { ArchivedPair, ArchivedPairs } from '../content/pairs.ts';
import { pairsOf, rowIdOf, textAt } from '../content/pairs.ts';
import { RecordView } from '../content/record.ts';
import type { ArchivedSource, Manifest } from '../manifest/manifest.ts';
import type { Finding } from './finding.ts';

/** What a sample is decrypted with. */
interface SampleKeys {
  readonly keys: KeySet;
  readonly findKid: DatabaseKeys['findKid'];
  /** Undefined: all. */
  readonly only: ReadonlySet<string> | undefined;
}

export interface SampleRequest {
  /** Of each archived table in each manifest. */
  readonly rows: number;
  readonly databaseKeys: Pick<DatabaseKeys, 'keysFor' | 'findKid'>;
  /** Only values under these keys; none or undefined: all values. */
  readonly kids?: readonly string[];
}

type SampledManifest = Pick<Manifest, 'sequence' | 'sources'>;

/** The samples of the sources of one manifest. */
export class ManifestSample {
  readonly #samples = new Map<ArchivedSource, RowSample>();
  readonly #sequence: number;
  readonly #keys: SampleKeys;

  constructor({ sequence, sources }: SampledManifest, rows: number, keys: SampleKeys) {
    this.#sequence = sequence;
    this.#keys = keys;
    for (const source of sources) this.#samples.set(source, new RowSample(source, rows));
  }

  /** What sees the rows of a source. */
  watch(source: ArchivedSource): ((record: RecordView) => void) | undefined {
    const sample = this.#samples.get(source);
    return sample && ((record) => sample.add(record));
  }

  verdict(): SampleVerdict {
    const verdicts = [...this.#samples.values()].map((sample) => sample.decrypt(this.#sequence, this.#keys));
    return {
      values: verdicts.reduce((sum, { values }) => sum + values, 0),
      findings: verdicts.flatMap(({ findings }) => findings),
    };
  }
}

/** Unwraps the keys of a manifest, and readies its samples. */
export async function sampleOf(
  manifest: SampledManifest,
  { rows, databaseKeys, kids = [] }: SampleRequest,
): Promise<ManifestSample> {
  const keys = await databaseKeys.keysFor(manifest.sources.flatMap(({ keyIds }) => Object.keys(keyIds)));
  const only = kids.length === 0 ? undefined : new Set(kids);
  return new ManifestSample(manifest, rows, { keys, findKid: databaseKeys.findKid, only });
}

export interface SampleVerdict {
  readonly values: number;
  readonly findings: readonly Finding[];
}

/** So many rows with encrypted values, each as likely as any other, chosen while all of them pass. */
class RowSample {
  readonly #source: ArchivedSource;
  readonly #pairs: ArchivedPairs | undefined;
  readonly #size: number;
  readonly #chosen: Buffer[] = [];
  #seen = 0;

  constructor(source: ArchivedSource, size: number) {
    this.#source = source;
    this.#pairs = pairsOf(source);
    this.#size = size;
  }

  /** Sees a row that passes. */
  add(record: RecordView): void {
    const pairs = this.#pairs;
    if (pairs === undefined || pairs.pairs.every((pair) => isAbsent(record, pair))) return;
    this.#seen += 1;
    // Algorithm R: the n-th row gets one of the places with the chance of size / n.
    const place = this.#seen <= this.#size ? this.#seen - 1 : randomInt(this.#seen);
    if (place < this.#size) this.#chosen[place] = Buffer.from(record.bytes.subarray(record.start, record.end));
  }

  /** Decrypts every value of the chosen rows by OpenSSL, one by one. Nothing of a plaintext is kept or told. */
  decrypt(sequence: number, keys: SampleKeys): SampleVerdict {
    const pairs = this.#pairs;
    if (pairs === undefined) return { values: 0, findings: [] };
    const record = new RecordView(this.#source.columns);
    const findings: Finding[] = [];
    let values = 0;
    for (const row of this.#chosen) {
      record.show(row, 0, row.length);
      const rowId = rowIdOf(record, pairs);
      for (const pair of pairs.pairs) {
        const text = textAt(record, pair.value);
        if (text === undefined || isAbsent(record, pair)) continue;
        if (keys.only !== undefined && !keys.only.has(kidOf(text) ?? '')) continue;
        values += 1;
        const fault = faultOf(keys, pairs, pair, { rowId, text });
        if (fault === undefined) continue;
        findings.push({
          fault: 'unreadable_value',
          sequence,
          place: placeOf(this.#source, pair, rowId),
          message: fault,
        });
      }
    }
    return { values, findings };
  }
}

/** Null, or `none` where that says that there was no address. */
function isAbsent(record: RecordView, { pair, value }: ArchivedPair): boolean {
  const text = textAt(record, value);
  return text === undefined || (pair.mayBeNone && text === NO_ADDRESS);
}

function faultOf(
  { keys, findKid }: SampleKeys,
  { table }: ArchivedPairs,
  { pair }: ArchivedPair,
  { rowId, text }: { readonly rowId: string; readonly text: string },
): string | undefined {
  const opened = openValue(keys, { table: table.logicalName, column: pair.value, rowId }, text);
  if (opened.ok) {
    opened.plaintext.fill(0);
    return undefined;
  }
  return opened.fault === 'unknown_key'
    ? lacking(kidOf(text), findKid)
    : `it cannot be decrypted: ${SAID[opened.fault]}`;
}

function lacking(kid: string | undefined, findKid: SampleKeys['findKid']): string {
  const known = kid === undefined ? undefined : findKid(kid);
  return known === undefined
    ? `it cannot be decrypted: this database knows no key ${kid ?? ''}`
    : `it cannot be decrypted: ${known.keyId} was destroyed`;
}

const SAID: Readonly<Record<Exclude<DecryptFault, 'unknown_key'>, string>> = {
  empty: 'it is empty',
  not_ours: 'it is no ciphertext of this program',
  unknown_version: 'its format is newer than this program',
  malformed: 'its encoding is damaged',
  truncated: 'it is cut short',
  bad_row_id: 'its row has no id that a value can be bound to',
  tag_mismatch: 'it was changed, or belongs to another row, column or table',
};

/** `audit_logs.ip_address_encrypted of row 01…`: an id may be anybody's text. */
function placeOf({ table }: ArchivedSource, { pair }: ArchivedPair, rowId: string): string {
  return `${table}.${pair.value} of row ${/^[\w-]{1,64}$/u.test(rowId) ? rowId : 'without a usable id'}`;
}
