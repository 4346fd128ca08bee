import { createHash } from 'node:crypto';
import type { ReadObject } from '../../../src/domain/archive/parquet/file-reader.ts';
import type { Upload } from '../../../src/store/store.ts';

/** Objects in memory, as a store keeps them. */
export interface MemoryStore {
  readonly objects: Map<string, Buffer>;
  upload(key: string): Promise<Upload>;
  /** In pieces of a size that fits nothing. */
  readonly read: ReadObject;
}

export function memoryStore(pieceBytes = 60_007): MemoryStore {
  const objects = new Map<string, Buffer>();
  return {
    objects,
    upload: async (key) => {
      const pieces: Buffer[] = [];
      return {
        write: async (piece) => void pieces.push(Buffer.from(piece)),
        finish: async () => {
          const bytes = Buffer.concat(pieces);
          objects.set(key, bytes);
          return { key, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
        },
        abandon: async () => void pieces.splice(0),
      };
    },
    read: async function* read(key, range) {
      const object = objects.get(key);
      if (object === undefined) throw new Error(`no object ${key}`);
      const { offset, length } = range ?? { offset: 0, length: object.length };
      const bytes = object.subarray(offset, offset + length);
      for (let at = 0; at < bytes.length; at += pieceBytes) yield Buffer.from(bytes.subarray(at, at + pieceBytes));
    },
  };
}
