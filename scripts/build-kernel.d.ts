export function buildKernel(): Promise<void>;
export function compileKernel(): Promise<Uint8Array>;
export function moduleText(wasm: Uint8Array): string;
