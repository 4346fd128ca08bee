/** Below it a loop is faster than Buffer's own copy, which makes an object for each call. */
const SHORT_BYTES = 48;

/** Bytes that are appended to; the memory grows with them and is kept when they are taken away again. */
export class ByteSink {
  bytes: Buffer;
  length = 0;

  constructor(capacity = 1024) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** Makes room for so many more bytes; `bytes` may be another buffer afterwards. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.length + more, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length] = value;
    this.length += 1;
  }

  append(from: Buffer, start = 0, end = from.length): void {
    this.reserve(end - start);
    const { bytes, length } = this;
    this.length = length + end - start;
    if (end - start > SHORT_BYTES) from.copy(bytes, length, start, end);
    else for (let at = start; at < end; at += 1) bytes[length + at - start] = from[at] ?? 0;
  }

  /** What was appended, until the next change. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** A copy of what was appended. */
  toBuffer(): Buffer {
    return Buffer.from(this.view());
  }
}
