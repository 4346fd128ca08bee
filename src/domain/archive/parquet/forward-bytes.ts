import type { Hash } from 'node:crypto';
import { ParquetDamage } from './damage.ts';

/** A stream of bytes that is taken in exact lengths, and digested on the way. */
export class ForwardBytes {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #digest: Hash | undefined;
  #piece: Uint8Array = new Uint8Array(0);

  constructor(pieces: AsyncIterable<Uint8Array>, digest?: Hash) {
    this.#pieces = pieces[Symbol.asyncIterator]();
    this.#digest = digest;
  }

  /** @throws ParquetDamage when the stream ends before */
  async take(length: number): Promise<Buffer> {
    const taken = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      if (this.#piece.length === 0 && !(await this.#fetch())) throw new ParquetDamage('the file ends too early');
      const part = this.#piece.subarray(0, length - filled);
      taken.set(part, filled);
      filled += part.length;
      this.#piece = this.#piece.subarray(part.length);
    }
    return taken;
  }

  async ended(): Promise<boolean> {
    return this.#piece.length === 0 && !(await this.#fetch());
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  async #fetch(): Promise<boolean> {
    for (;;) {
      const step = await this.#pieces.next();
      if (step.done === true) return false;
      this.#digest?.update(step.value);
      if (step.value.length === 0) continue;
      this.#piece = step.value;
      return true;
    }
  }
}
