export function buildKernel(): Promise<void>;
export function compileKernel(test?: string): Promise<Uint8Array>;
export function moduleText(wasm: Uint8Array): string;
