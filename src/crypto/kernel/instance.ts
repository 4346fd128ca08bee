/** The module of kernel/*.ts: its functions, and its memory with the places of things in it, in bytes. */
export interface Kernel {
  /** All of the memory. Its size is fixed, so that the view stays good. */
  readonly memory: Buffer;
  /** The same memory as 32-bit integers. */
  readonly words: Int32Array;
  readonly layout: Readonly<Record<Place, number>>;
  readonly calls: KernelCalls;
}

/** Described in kernel/kernel.ts. Booleans are 0 and 1. */
export interface KernelCalls {
  scan(textLength: number, textOver: number, idsLength: number, idsOver: number, kids: number): number;
  takenOfText(): number;
  takenOfIds(): number;
  frame(count: number, idsLength: number): number;
  lay(key: number): number;
  open(key: number): void;
  plain(): number;
  renew(): void;
  seal(): number;
  unread(): number;
  wipe(): void;
}

const PLACES = [
  'TEXT',
  'TEXT_BYTES',
  'IDS',
  'IDS_BYTES',
  'BODY',
  'BODY_BYTES',
  'STREAM',
  'OUT',
  'NONCES',
  'KID',
  'KIDS',
  'TO',
  'USED',
  'FIELD',
  'FIELD_BYTES',
  'FIELDS',
  'LONGEST',
] as const;
type Place = (typeof PLACES)[number];

/** What @types/node leaves out. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** Compiles the module and starts one instance of it. Throws when this machine or this build of Node cannot. */
export function loadKernel(module: Uint8Array): Kernel {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), {});
  // The module is part of this program, and a test holds it to its source.
  const exported = exports as KernelCalls & { memory: { buffer: ArrayBuffer } } & Record<Place, { value: number }>;
  const { buffer } = exported.memory;
  const layout = Object.fromEntries(PLACES.map((place) => [place, exported[place].value]));
  return {
    memory: Buffer.from(buffer),
    words: new Int32Array(buffer),
    layout: layout as Record<Place, number>,
    calls: exported,
  };
}
