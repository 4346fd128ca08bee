import type { BatchFault, PackedReencrypt, PackedRenewed } from '../batch.ts';
import { reencryptField, requireSameCount } from '../batch.ts';
import type { CipherKey } from '../cipher-key.ts';
import type { Bulk } from './batch.ts';
import { KernelFault, makeStream, sealTurn } from './batch.ts';
import type { Kernel } from './instance.ts';

/** How the module marks a field it leaves to OpenSSL; see kernel/memory.ts. */
const ASK = -3;
const REFUSED = -4;
/** Places in a field's record, in 32-bit words. */
const FROM = 3;
const TO = 4;

/** How far a packed column has come, in characters and fields. Past the end means over. */
interface Cursor {
  text: number;
  ids: number;
  index: number;
}

/** A field the module did not take. */
interface Unread {
  readonly index: number;
  readonly rowId: string;
  readonly text: string;
  /** The module found that its tag differs. */
  readonly refused: boolean;
}

/** A packed column in turns of what the module's memory holds. */
export function reencryptColumn(bulk: Bulk, batch: PackedReencrypt): PackedRenewed {
  const keys = nameKeys(bulk.kernel, batch);
  const cursor: Cursor = { text: 0, ids: 0, index: 0 };
  const pieces: string[] = [];
  const unread: Unread[] = [];
  let renewed = 0;
  while (cursor.text <= batch.texts.length && cursor.ids <= batch.rowIds.length) {
    const turn = takeTurn(bulk, batch, keys, cursor);
    pieces.push(turn.texts);
    renewed += turn.renewed;
    unread.push(...turn.unread);
  }
  // Only now is anything given to OpenSSL: ids that are out of step make every value look bad.
  if (cursor.text <= batch.texts.length || cursor.ids <= batch.rowIds.length) {
    requireSameCount(batch.rowIds.split(',').length, batch.texts.split(',').length);
  }
  return readByOpenssl(bulk, batch, { texts: pieces.join(','), renewed, faults: [] }, unread);
}

/** Tells the module which keys a text may name; texts under the keys it has no room for are left to OpenSSL. */
function nameKeys({ memory, layout }: Kernel, { keys, to }: PackedReencrypt): CipherKey[] {
  const named = [...keys.values()].slice(0, layout.KIDS);
  for (const [index, key] of named.entries()) memory.write(key.kid, layout.KID + 8 * index, 'latin1');
  memory.write(to.kid, layout.TO, 'latin1');
  return named;
}

interface Turn {
  readonly texts: string;
  readonly renewed: number;
  readonly unread: readonly Unread[];
}

function takeTurn(bulk: Bulk, batch: PackedReencrypt, keys: readonly CipherKey[], cursor: Cursor): Turn {
  const { kernel } = bulk;
  const { calls, words, layout } = kernel;
  const fields = scanTurn(kernel, batch, keys.length, cursor);
  if (fields === 0) return takeOversized(batch, cursor);
  for (const [index, key] of keys.entries()) {
    if (words[layout.USED / 4 + index] === 0) continue;
    makeStream(kernel, index, key, batch.place);
    calls.open(index);
  }
  const unread = calls.unread() === 0 ? [] : listUnread(kernel, fields, batch, cursor);
  const renewed = calls.plain();
  const texts = renewed === 0 ? ','.repeat(fields - 1) : sealTurn(bulk, renewed, batch.to, batch.place);
  cursor.text += calls.takenOfText();
  cursor.ids += calls.takenOfIds();
  cursor.index += fields;
  return { texts, renewed, unread };
}

/** Copies the next texts and ids into the module and lets it read them; how many whole fields there are. */
function scanTurn({ calls, memory, layout }: Kernel, batch: PackedReencrypt, kids: number, cursor: Cursor): number {
  const text = batch.texts.slice(cursor.text, cursor.text + layout.TEXT_BYTES);
  const ids = batch.rowIds.slice(cursor.ids, cursor.ids + layout.IDS_BYTES);
  memory.write(oneByteEach(text), layout.TEXT, 'latin1');
  memory.write(oneByteEach(ids), layout.IDS, 'latin1');
  const textOver = cursor.text + text.length === batch.texts.length;
  const idsOver = cursor.ids + ids.length === batch.rowIds.length;
  return calls.scan(text.length, Number(textOver), ids.length, Number(idsOver), kids);
}

/** Writing a wider character as latin1 would keep its low byte, which could be a comma or a letter. */
function oneByteEach(text: string): string {
  return /[\u0100-\uffff]/.test(text) ? text.replaceAll(/[\u0100-\uffff]/g, '?') : text;
}

/** A field that is longer than all of the module's room for texts or ids. */
function takeOversized({ texts, rowIds }: PackedReencrypt, cursor: Cursor): Turn {
  const textEnd = endOfField(texts, cursor.text);
  const idEnd = endOfField(rowIds, cursor.ids);
  const field = { text: texts.slice(cursor.text, textEnd), rowId: rowIds.slice(cursor.ids, idEnd) };
  const unread = [{ index: cursor.index, ...field, refused: false }];
  cursor.text = textEnd + 1;
  cursor.ids = idEnd + 1;
  cursor.index += 1;
  return { texts: '', renewed: 0, unread };
}

function endOfField(packed: string, from: number): number {
  const comma = packed.indexOf(',', from);
  return comma === -1 ? packed.length : comma;
}

function listUnread({ words, layout }: Kernel, fields: number, batch: PackedReencrypt, cursor: Cursor): Unread[] {
  const unread: Unread[] = [];
  let ids = cursor.ids;
  for (let index = 0; index < fields; index += 1) {
    const record = (layout.FIELD + index * layout.FIELD_BYTES) / 4;
    const idEnd = endOfField(batch.rowIds, ids);
    const state = words[record];
    if (state === ASK || state === REFUSED) {
      const from = cursor.text + (words[record + FROM] ?? 0);
      const text = batch.texts.slice(from, cursor.text + (words[record + TO] ?? 0));
      const rowId = batch.rowIds.slice(ids, idEnd);
      unread.push({ index: cursor.index + index, rowId, text, refused: state === REFUSED });
    }
    ids = idEnd + 1;
  }
  return unread;
}

function readByOpenssl(
  bulk: Bulk,
  batch: PackedReencrypt,
  turns: PackedRenewed,
  unread: readonly Unread[],
): PackedRenewed {
  if (unread.length === 0) return turns;
  const texts = turns.texts.split(',');
  const faults: BatchFault[] = [];
  let renewed = turns.renewed;
  for (const { index, refused, ...field } of unread) {
    const { text, fault } = reencryptField(batch, bulk.nonces, field);
    if (refused && fault !== 'tag_mismatch') throw new KernelFault('the module refused a value that OpenSSL decrypts');
    if (fault !== undefined) faults.push({ index, fault });
    if (text !== '') renewed += 1;
    texts[index] = text;
  }
  return { texts: texts.join(','), renewed, faults };
}
