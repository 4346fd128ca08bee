// One turn of the bulk path: many AES-256-GCM values of one column at once, as text in, text out. AES itself is not here: the
// caller lets OpenSSL encrypt the counter blocks. A turn is scan, then lay and open for every old key, or frame; then renew, lay
// and seal; then wipe.
import { add, begin, setKey, sum, wipeHash } from './ghash';
import * as M from './memory';
import { decode, encode, fillTables, nextComma, rowId } from './text';

export { BODY, BODY_BYTES, FIELD, FIELD_BYTES, FIELDS, IDS, IDS_BYTES, KID, KIDS, LONGEST } from './memory';
export { NONCES, OUT, STREAM, TEXT, TEXT_BYTES, TO, USED } from './memory';

const PREFIX: u32 = 0x5f31736f; // os1_
const COMMA: u8 = 44;
const KID_AT: usize = 4;
const NONCE_AT: usize = 12;
const BODY_AT: usize = 28;
const TAG: i32 = 16;
const SHORTEST_TEXT: i32 = 50; // kid, nonce and tag
// 16 bytes of ones, then zeros: what to keep of a block that a body fills in part.
const KEEP: usize = memory.data<u64>([-1, -1, 0, 0], 16);

let fields: i32 = 0;
let bodyEnd: usize = M.BODY;
let longest: i32 = 0;
let textTaken: usize = 0;
let idsTaken: usize = 0;

fillTables();

/**
 * Reads fields until TEXT or IDS has no whole one left. `textOver` and `idsOver` say that nothing follows what TEXT and IDS
 * hold. Returns how many there are; takenOfText and takenOfIds how far it came, the commas behind the fields included.
 */
export function scan(textLength: i32, textOver: bool, idsLength: i32, idsOver: bool, kids: i32): i32 {
  start();
  memory.fill(M.USED, 0, 4 * M.KIDS);
  const textEnd = M.TEXT + textLength;
  const idsEnd = M.IDS + idsLength;
  store<u8>(textEnd, COMMA);
  store<u8>(idsEnd, COMMA);
  let text = M.TEXT;
  let id = M.IDS;
  while (fields < M.FIELDS && text <= textEnd && id <= idsEnd) {
    const textTo = nextComma(text);
    const idTo = nextComma(id);
    if ((textTo == textEnd && !textOver) || (idTo == idsEnd && !idsOver)) break;
    const field = fieldAt(fields);
    store<i32>(field, (text - M.TEXT) as i32, 12);
    store<i32>(field, (textTo - M.TEXT) as i32, 16);
    const key = read(field, text, (textTo - text) as i32, kids, id, (idTo - id) as i32);
    store<i32>(field, key);
    if (key >= 0) store<i32>(M.USED + 4 * key, load<i32>(M.USED + 4 * key) + 1);
    fields++;
    text = textTo + 1;
    id = idTo + 1;
  }
  textTaken = text - M.TEXT;
  idsTaken = id - M.IDS;
  return fields;
}

export function takenOfText(): usize {
  return textTaken;
}

export function takenOfIds(): usize {
  return idsTaken;
}

/**
 * Takes plaintexts instead: `count` records with body and length stand in FIELD, their ids in IDS. Returns how many ids were
 * good; it stops at the first that is not.
 */
export function frame(count: i32, idsLength: i32): i32 {
  start();
  const idsEnd = M.IDS + idsLength;
  store<u8>(idsEnd, COMMA);
  let id = M.IDS;
  for (let i = 0; i < count && id <= idsEnd; i++) {
    const field = fieldAt(i);
    const idTo = nextComma(id);
    if (!rowId(id, (idTo - id) as i32, field + M.ROW_ID)) break;
    claim(field, load<usize>(field, 4), load<i32>(field, 8));
    store<i32>(field, M.PLAIN);
    fields++;
    id = idTo + 1;
  }
  return id == idsEnd + 1 ? fields : -1;
}

/**
 * Lays out the counter blocks of every field under `key` in STREAM, after a zero block that becomes the hash key. Returns
 * their length in bytes. The caller puts AES of them in their place.
 */
export function lay(key: i32): usize {
  v128.store(M.STREAM, i64x2.splat(0));
  let at = M.STREAM + 16;
  for (let i = 0; i < fields; i++) {
    const field = fieldAt(i);
    if (load<i32>(field) != key) continue;
    store<usize>(field, at, 20);
    const nonce = v128.load(field, M.NONCE);
    const blocks = 1 + ((load<i32>(field, 8) + 15) >> 4);
    for (let counter = 1; counter <= blocks; counter++) {
      v128.store(at, i32x4.replace_lane(nonce, 3, bswap<i32>(counter)));
      at += 16;
    }
  }
  return at - M.STREAM;
}

/** Verifies and decrypts every field under `key`; one whose tag differs is left to the caller, undecrypted. */
export function open(key: i32): void {
  setKey(M.STREAM, blocksOf(longest));
  for (let i = 0; i < fields; i++) {
    const field = fieldAt(i);
    if (load<i32>(field) != key) continue;
    const tag = v128.load(load<usize>(field, 4) + load<i32>(field, 8));
    // The difference is looked at as a whole, and only whether there is one.
    const same = !v128.any_true(v128.xor(tag, tagOf(field)));
    if (same) applyStream(field);
    store<i32>(field, same ? M.PLAIN : M.REFUSED);
  }
}

/** How many fields are plaintext. */
export function plain(): i32 {
  let count = 0;
  for (let i = 0; i < fields; i++) if (load<i32>(fieldAt(i)) == M.PLAIN) count++;
  return count;
}

/** How many fields are left to OpenSSL. */
export function unread(): i32 {
  let count = 0;
  for (let i = 0; i < fields; i++) if (load<i32>(fieldAt(i)) <= M.ASK) count++;
  return count;
}

/** Gives every plaintext field the next of NONCES. */
export function renew(): void {
  let nonce = M.NONCES;
  for (let i = 0; i < fields; i++) {
    const field = fieldAt(i);
    if (load<i32>(field) != M.PLAIN) continue;
    v128.store(field, v128.load(nonce), M.NONCE);
    nonce += 12;
  }
}

/** Encrypts every plaintext field and writes all fields to OUT, joined by commas; returns their length. */
export function seal(): usize {
  setKey(M.STREAM, blocksOf(longest));
  let out = M.OUT;
  for (let i = 0; i < fields; i++) {
    const field = fieldAt(i);
    if (load<i32>(field) == M.PLAIN) {
      const length = load<i32>(field, 8);
      const body = load<usize>(field, 4);
      applyStream(field);
      v128.store(body + length, tagOf(field));
      store<u32>(out, PREFIX);
      store<u64>(out, load<u64>(M.TO), KID_AT);
      encode(field + M.NONCE, 12, out + NONCE_AT);
      out = encode(body, length + TAG, out + BODY_AT);
    }
    store<u8>(out, COMMA);
    out++;
  }
  return out - M.OUT - 1;
}

/** Overwrites plaintexts, keystreams and all that comes from a key. */
export function wipe(): void {
  // All of it, whatever was used: an earlier turn of the same call may have used more.
  memory.fill(M.BODY, 0, M.BODY_BYTES + 32);
  memory.fill(M.STREAM, 0, M.STREAM_BYTES);
  wipeHash();
  start();
}

function start(): void {
  fields = 0;
  longest = 0;
  bodyEnd = M.BODY;
}

function fieldAt(index: i32): usize {
  return M.FIELD + M.FIELD_BYTES * index;
}

/** Takes one text apart; returns the number of its key, LEFT_ALONE or ASK. */
function read(field: usize, text: usize, length: i32, kids: i32, id: usize, idLength: i32): i32 {
  if (length == 0) return M.LEFT_ALONE;
  if (length < (NONCE_AT as i32) || load<u32>(text) != PREFIX) return M.ASK;
  const kid = load<u64>(text, KID_AT);
  if (kid == load<u64>(M.TO)) return M.LEFT_ALONE;
  const encoded = length - (BODY_AT as i32);
  const body = ((encoded * 3) >> 2) - TAG;
  if (length < SHORTEST_TEXT || body > M.LONGEST) return M.ASK;
  let key = 0;
  while (key < kids && load<u64>(M.KID + 8 * key) != kid) key++;
  if (key == kids) return M.ASK;
  if (!rowId(id, idLength, field + M.ROW_ID)) return M.ASK;
  const at = bodyEnd;
  if (!decode(text + NONCE_AT, 16, field + M.NONCE) || !decode(text + BODY_AT, encoded, at)) return M.ASK;
  claim(field, at, body);
  return key;
}

function claim(field: usize, body: usize, length: i32): void {
  store<usize>(field, body, 4);
  store<i32>(field, length, 8);
  if (length > longest) longest = length;
  bodyEnd = (body + length + TAG + 15) & ~15;
}

function blocksOf(length: i32): i32 {
  return ((length + 15) >> 4) + 2;
}

/** The tag of a field whose body is ciphertext and whose keystream stands in STREAM. */
function tagOf(field: usize): v128 {
  const length = load<i32>(field, 8);
  let body = load<usize>(field, 4);
  const whole = body + (length & ~15);
  begin();
  add(v128.load(field, M.ROW_ID));
  while (body < whole) {
    add(v128.load(body));
    body += 16;
  }
  const rest = length & 15;
  if (rest != 0) add(v128.and(v128.load(body), v128.load(KEEP + 16 - rest)));
  // Bits of additional data, then of body, as 64-bit numbers, high byte first.
  add(i64x2.replace_lane(i64x2.splat(bswap<u64>(128)), 1, bswap<u64>((length as u64) << 3)));
  return v128.xor(sum(), v128.load(load<usize>(field, 20)));
}

/** Encrypts or decrypts a body in place; overwrites up to 15 bytes behind it. */
function applyStream(field: usize): void {
  let body = load<usize>(field, 4);
  const end = body + load<i32>(field, 8);
  let stream = load<usize>(field, 20) + 16;
  while (body < end) {
    v128.store(body, v128.xor(v128.load(body), v128.load(stream)));
    body += 16;
    stream += 16;
  }
}
