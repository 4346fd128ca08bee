import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { OrdersyncError } from '../../../errors.ts';
import { ParquetDamage } from './damage.ts';

export type Codec = 'gzip' | 'zstd' | 'none';

/** Numbers of parquet.thrift: enum CompressionCodec. */
export const CODEC_NUMBERS: Readonly<Record<Codec, number>> = { none: 0, gzip: 2, zstd: 6 };

type ZlibCall = (bytes: Uint8Array, options: zlib.ZlibOptions) => Promise<Buffer>;
const gzip = promisify(zlib.gzip) as ZlibCall;
const gunzip = promisify(zlib.gunzip) as ZlibCall;

/** zstd came with Node.js 22.15; the types of Node.js 20 do not know it. */
type ZstdCallback = (error: Error | null, bytes: Buffer) => void;
type ZstdCall = (bytes: Uint8Array, options: zlib.ZlibOptions, callback: ZstdCallback) => void;
const { zstdCompress, zstdDecompress } = zlib as unknown as { zstdCompress?: ZstdCall; zstdDecompress?: ZstdCall };

/** The best that this Node.js has. */
export const DEFAULT_CODEC: Codec = zstdCompress === undefined ? 'gzip' : 'zstd';

/** First bytes of what zstd compressed. Source: RFC 8878, section 3.1.1. */
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

const FAST = { level: 1 } as const;
/** No search for repetitions: of base64 noise it finds as much as level 9 does, at four times the speed of level 1. */
const HUFFMAN = { level: 1, strategy: zlib.constants.Z_HUFFMAN_ONLY } as const;
const SAMPLE_BYTES = 64 * 1024;
/** A search that wins less is not worth its time. */
const WORTHWHILE = 0.9;

/** Compresses the pages of one column; decides at its first full page whether they repeat anything. */
export class PageCompressor {
  readonly #codec: Codec;
  #gzipOptions: zlib.ZlibOptions | undefined;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  async compress(page: Buffer): Promise<Buffer> {
    if (this.#codec === 'none') return page;
    // One buffer for the whole output; noise may come out a little longer than it went in.
    const chunkSize = page.length + 1024;
    if (this.#codec === 'zstd') return callZstd(zstdCompress, page, { chunkSize });
    return gzip(page, { ...this.#optionsFor(page), chunkSize });
  }

  #optionsFor(page: Buffer): zlib.ZlibOptions {
    if (page.length < SAMPLE_BYTES) return this.#gzipOptions ?? FAST;
    return (this.#gzipOptions ??= chooseOptions(page.subarray(0, SAMPLE_BYTES)));
  }
}

function chooseOptions(sample: Buffer): zlib.ZlibOptions {
  const searched = zlib.gzipSync(sample, FAST).length;
  return searched < zlib.gzipSync(sample, HUFFMAN).length * WORTHWHILE ? FAST : HUFFMAN;
}

/** @throws ParquetDamage unless exactly `length` bytes come out */
export async function decompressPage(codec: Codec, page: Buffer, length: number): Promise<Buffer> {
  const bytes = await decompress(codec, page, length);
  if (bytes.length !== length) throw new ParquetDamage('a page has another length than its header says');
  return bytes;
}

async function decompress(codec: Codec, page: Buffer, length: number): Promise<Buffer> {
  if (codec === 'none') return page;
  if (length === 0) throw new ParquetDamage('a compressed page is empty');
  // Before a Node.js without zstd is blamed for a page that was never compressed by it.
  if (codec === 'zstd' && !page.subarray(0, ZSTD_MAGIC.length).equals(ZSTD_MAGIC))
    throw new ParquetDamage('a page is not compressed as its column says');
  // A page that would grow beyond what its header says ends there, before it takes the memory.
  const options = { maxOutputLength: length, chunkSize: Math.max(length, 64) };
  try {
    return codec === 'gzip' ? await gunzip(page, options) : await callZstd(zstdDecompress, page, options);
  } catch (error) {
    if (error instanceof OrdersyncError) throw error;
    throw new ParquetDamage(`a page cannot be decompressed (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

async function callZstd(call: ZstdCall | undefined, bytes: Buffer, options: zlib.ZlibOptions): Promise<Buffer> {
  if (call === undefined) {
    throw new OrdersyncError('not_enabled', 'this Node.js has no zstd', { hint: 'use Node.js 22.15 or newer' });
  }
  return promisify(call)(bytes, options);
}
