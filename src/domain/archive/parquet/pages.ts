import type { Codec } from './compression.ts';
import { damageUnless } from './damage.ts';
import { numberOf, structOf } from './layout.ts';
import { PAGE_TYPE, type PageHeader } from './metadata.ts';
import { readThrift } from './thrift-reader.ts';

/** A page as it lies in a chunk. */
export interface PagePlace extends Omit<PageHeader, 'compressedBytes'> {
  readonly body: Buffer;
}

/** deflate makes at most 1032 bytes out of one, zstd a block of 128 KB out of four: what claims to be more, is no page. */
const MAX_GROWTH: Readonly<Record<Codec, number>> = { none: 1, gzip: 1032, zstd: 32_768 };
const MAX_PAGE_BYTES = 0x7fffffff;

/** The pages of a chunk, which they fill. @throws ParquetDamage */
export function readPages(chunk: Buffer, codec: Codec, rows: number): PagePlace[] {
  const pages: PagePlace[] = [];
  let at = 0;
  let values = 0;
  while (at < chunk.length) {
    const { value, end } = readThrift(chunk, at);
    const type = numberOf(value, 1);
    damageUnless(type === PAGE_TYPE.data || type === PAGE_TYPE.dictionary, `a page is of the unknown type ${type}`);
    const kind = type === PAGE_TYPE.data ? 'data' : 'dictionary';
    const bytes = numberOf(value, 2);
    const length = numberOf(value, 3);
    const detail = structOf(value.get(kind === 'data' ? 5 : 7));
    const page = { kind, bytes, values: numberOf(detail, 1), encoding: numberOf(detail, 2) } as const;
    damageUnless(length >= 0 && length <= chunk.length - end, 'a page is longer than its column');
    damageUnless(bytes >= 0 && bytes <= Math.min(MAX_PAGE_BYTES, length * MAX_GROWTH[codec]), 'a page is too long');
    damageUnless(page.values >= 0 && page.values <= rows, 'a page has more values than its row group');
    damageUnless(kind === 'data' || pages.length === 0, 'a dictionary comes after values');
    pages.push({ ...page, body: chunk.subarray(end, end + length) });
    at = end + length;
    if (kind === 'data') values += page.values;
  }
  damageUnless(values === rows, 'the pages of a column have other values than its row group');
  return pages;
}
