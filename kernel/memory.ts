// Where everything lies in the module's memory. The memory has a fixed size; nothing is allocated while it runs.

/** Values of one turn at most, and their longest plaintext: from about 1 KB on OpenSSL's set-up costs less than this saves. */
export const FIELDS: i32 = 1024;
export const LONGEST: i32 = 1024;
export const KIDS: i32 = 32;

/** Characters of texts and of row ids that one turn can see. */
export const TEXT_BYTES: i32 = 96 * 1024;
export const IDS_BYTES: i32 = 38 * 1024;

/** Body and tag of every field, each beginning at a multiple of 16: at worst 3/4 of the texts and 48 bytes a field. */
export const BODY_BYTES: i32 = 120 * 1024;
/** A zero block, and for every field one block for its tag and those of its body. */
export const STREAM_BYTES: i32 = 16 + 16 * FIELDS + BODY_BYTES;
/** At worst the bodies in base64 and 68 characters a field. */
const OUT_BYTES: i32 = (BODY_BYTES / 3) * 4 + 68 * FIELDS;
const NONCES_BYTES: i32 = 12 * FIELDS;

// A comma is put after the last character, and it is looked for in steps of 16.
export const TEXT: usize = memory.data(TEXT_BYTES + 32, 16);
export const IDS: usize = memory.data(IDS_BYTES + 32, 16);
export const BODY: usize = memory.data(BODY_BYTES + 32, 16);
export const STREAM: usize = memory.data(STREAM_BYTES, 16);
export const OUT: usize = memory.data(OUT_BYTES + 16, 16);
// Copied from in steps of 16.
export const NONCES: usize = memory.data(NONCES_BYTES + 16, 16);
/** The 8 characters of every key a text may name, and of the key of the new texts. */
export const KID: usize = memory.data(8 * KIDS, 16);
export const TO: usize = memory.data(8, 16);
/** How many fields of this turn are under each key: i32. */
export const USED: usize = memory.data(4 * KIDS, 16);

/** One record per field: `key` i32, `body` pointer, `length` i32, `from` and `to` in TEXT i32, `stream` pointer, id 16, nonce 12. */
export const FIELD: usize = memory.data(64 * FIELDS, 16);
export const FIELD_BYTES: i32 = 64;
export const ROW_ID: usize = 32;
export const NONCE: usize = 48;

/** What `key` holds beside the number of a key. */
export const PLAIN: i32 = -1; // the body is plaintext, waiting for its new key
export const LEFT_ALONE: i32 = -2; // empty, or under the new key already
export const ASK: i32 = -3; // not plainly good: for the caller to take by OpenSSL, which also finds the fault's name
export const REFUSED: i32 = -4; // as ASK, because the tag differs
