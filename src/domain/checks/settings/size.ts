const UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** "16MB", and the server's units "8kB" and "MB", as bytes; NaN for a unit of time. */
export function parseSize(text: string): number {
  const [, amount, unit] = /^(\d*)(B|kB|MB|GB|TB)$/.exec(text) ?? [];
  return unit === undefined ? Number.NaN : Number(amount === '' ? 1 : amount) * (UNITS[unit] ?? Number.NaN);
}
