import type { EncryptBatch } from '../batch.ts';
import { requireSameCount } from '../batch.ts';
import { encryptValue } from '../value.ts';
import type { Bulk } from './batch.ts';
import { sealTurn } from './batch.ts';
import type { Kernel } from './instance.ts';

/** Places in a field's record, in 32-bit words; see kernel/memory.ts. */
const BODY = 1;
const LENGTH = 2;
/** A body is followed by its tag and begins at a multiple of this. */
const ALIGNMENT = 16;
const TAG_BYTES = 16;
/** UTF-8 needs at most this many bytes for one UTF-16 code unit. */
const BYTES_PER_UNIT = 3;

/** Plaintexts that stand in the module's memory, waiting to be encrypted together. */
interface Turn {
  readonly indexes: number[];
  readonly rowIds: string[];
  /** Where the next body goes. */
  end: number;
}

/** Plaintexts in turns of what the module's memory holds. */
export function encryptColumn(bulk: Bulk, batch: EncryptBatch): (string | null)[] {
  requireSameCount(batch.rowIds.length, batch.plaintexts.length);
  const { kernel } = bulk;
  const texts: (string | null)[] = Array.from(batch.plaintexts, () => null);
  let turn = newTurn(kernel);
  for (const [index, plaintext] of batch.plaintexts.entries()) {
    if (plaintext === null) continue;
    const rowId = batch.rowIds[index] ?? '';
    const length = put(kernel, plaintext, turn.end);
    if (length === 'refused') return bulk.perValue.encryptMany(batch);
    if (length === 'long') {
      texts[index] = encryptValue({ key: batch.key, nonces: bulk.nonces }, { ...batch.place, rowId }, plaintext);
      continue;
    }
    record(kernel, turn, length);
    turn.indexes.push(index);
    turn.rowIds.push(rowId);
    if (!isFull(kernel, turn)) continue;
    if (!encryptTurn(bulk, batch, turn, texts)) return bulk.perValue.encryptMany(batch);
    turn = newTurn(kernel);
  }
  return encryptTurn(bulk, batch, turn, texts) ? texts : bulk.perValue.encryptMany(batch);
}

function newTurn({ layout }: Kernel): Turn {
  return { indexes: [], rowIds: [], end: layout.BODY };
}

/** Writes a plaintext's bytes at `at`; their number, or why the module does not get it. */
function put({ memory, layout }: Kernel, plaintext: string | Uint8Array, at: number): number | 'long' | 'refused' {
  if (typeof plaintext !== 'string') {
    if (plaintext.length > layout.LONGEST) return 'long';
    memory.set(plaintext, at);
    return plaintext.length;
  }
  const mayBeLong = plaintext.length * BYTES_PER_UNIT > layout.LONGEST;
  if (mayBeLong && Buffer.byteLength(plaintext) > layout.LONGEST) return 'long';
  const length = memory.write(plaintext, at);
  // Half a surrogate pair has become U+FFFD; encryptValue refuses it.
  return length > plaintext.length && /\p{Surrogate}/u.test(plaintext) ? 'refused' : length;
}

function record({ words, layout }: Kernel, turn: Turn, length: number): void {
  const at = (layout.FIELD + turn.indexes.length * layout.FIELD_BYTES) / 4;
  words[at + BODY] = turn.end;
  words[at + LENGTH] = length;
  turn.end += Math.ceil((length + TAG_BYTES) / ALIGNMENT) * ALIGNMENT;
}

function isFull({ layout }: Kernel, turn: Turn): boolean {
  const room = layout.BODY + layout.BODY_BYTES - turn.end;
  return turn.indexes.length === layout.FIELDS || room < layout.LONGEST + TAG_BYTES + ALIGNMENT;
}

/** False when an id among them cannot be bound. */
function encryptTurn(bulk: Bulk, batch: EncryptBatch, { indexes, rowIds }: Turn, texts: (string | null)[]): boolean {
  if (indexes.length === 0) return true;
  const { memory, layout, calls } = bulk.kernel;
  const ids = rowIds.join(',');
  if (ids.length > layout.IDS_BYTES || /[^\x20-\x7e]/.test(ids)) return false;
  memory.write(ids, layout.IDS, 'latin1');
  if (calls.frame(indexes.length, ids.length) !== indexes.length) return false;
  const sealed = sealTurn(bulk, indexes.length, batch.key, batch.place).split(',');
  for (const [turnIndex, index] of indexes.entries()) texts[index] = sealed[turnIndex] ?? null;
  return true;
}
