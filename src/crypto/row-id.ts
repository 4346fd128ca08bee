import { OrdersyncError } from '../errors.ts';

const SIXTEEN_BYTES = /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/iu;

/**
 * The additional authenticated data of a value: the 16 bytes of its row's id. Accepts a UUID (8-4-4-4-12 hex digits) and
 * a trace id (32 hex digits), in either case; undefined for any other text.
 */
export function rowIdBytes(rowId: string): Buffer | undefined {
  return SIXTEEN_BYTES.test(rowId) ? Buffer.from(rowId.replaceAll('-', ''), 'hex') : undefined;
}

/** As rowIdBytes, but throws `usage`: the one who encrypts chooses the id, and must choose one that can be bound. */
export function requireRowIdBytes(rowId: string): Buffer {
  const bytes = rowIdBytes(rowId);
  if (bytes !== undefined) return bytes;
  throw new OrdersyncError('usage', `a value cannot be bound to the row id "${rowId.slice(0, 64)}"`, {
    hint: 'the id must be a UUID, or for audit rows a trace id of 32 hex digits',
  });
}
