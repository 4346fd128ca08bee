import type { CipherChoice } from '../../../crypto/cipher-batch.ts';
import type { TableSize } from './preflight-queries.ts';
import type { Pace, RotationTable } from './types.ts';

/** What rotating one table is expected to take. Values of the specification's tables; nothing is measured here. */
export interface TableEstimate {
  readonly table: string;
  readonly rows: number;
  readonly values: number;
  readonly bytes: number;
  readonly timeMs: number;
  readonly walBytes: number;
  /** What the heap and its indexes grow by, for good; a vacuum makes the room reusable. */
  readonly diskBytes: number;
}

// docs/benchmarks: striped updates of 500,000 rows of `users` with five values, two cores shared with the server.
const ROW_US = 30;
const VALUE_US: Readonly<Record<CipherChoice, number>> = { auto: 2, openssl: 17 };
const WAL_PER_HEAP_BYTE = 2.8;
const HEAP_GROWTH = 0.2;
const INDEX_GROWTH = 0.11;
/** Of a table that was never analysed: a row with its pairs. */
const UNKNOWN_ROW_BYTES = 700;

/**
 * @param pending how many values of the table are to be renewed, when they were counted; every pair of every row otherwise
 */
export function estimateTable(
  { pairs }: RotationTable,
  { table, rows: known, heapBytes, indexBytes }: TableSize,
  {
    pending,
    crypto,
    pace,
  }: { readonly pending: number | undefined; readonly crypto: CipherChoice; readonly pace: Pace },
): TableEstimate {
  const rows = Math.round(known ?? heapBytes / UNKNOWN_ROW_BYTES);
  const values = pending ?? rows * pairs.length;
  // A row with one pending value is written like one with all of them.
  const share = pending === undefined || rows === 0 ? 1 : Math.min(1, pending / rows);
  const renewedRows = Math.round(rows * share);
  const busyMs = (renewedRows * ROW_US + values * VALUE_US[crypto]) / 1000;
  const paced = busyMs * (pace.fullSpeed ? 1 : 2);
  const floor = pace.maxRate === undefined ? 0 : (renewedRows / pace.maxRate) * 1000;
  return {
    table,
    rows: renewedRows,
    values,
    bytes: heapBytes,
    timeMs: Math.round(Math.max(paced, floor)),
    walBytes: Math.round(heapBytes * share * WAL_PER_HEAP_BYTE),
    diskBytes: Math.round((heapBytes * HEAP_GROWTH + indexBytes * INDEX_GROWTH) * share),
  };
}
