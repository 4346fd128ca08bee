/** "1 file", "2 files", in messages for people. */
export function counted(count: number | bigint | string, noun: string): string {
  return `${count} ${noun}${String(count) === '1' ? '' : 's'}`;
}
