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

  append(from: Uint8Array, start = 0, end = from.length): void {
    this.reserve(end - start);
    this.bytes.set(start === 0 && end === from.length ? from : from.subarray(start, end), this.length);
    this.length += end - start;
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
