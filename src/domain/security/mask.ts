import { isIP } from 'node:net';

/** `203.0.113.x`, `2001:db8:1:x`: the network an address belongs to, and not whose it is. */
export function maskAddress(address: string): string {
  const version = isIP(address);
  if (version === 4) return address.replace(/\d+$/, 'x');
  if (version === 6) return `${groupsOf(address).slice(0, 3).join(':')}:x`;
  return 'no address';
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0');
  return [...first, ...middle, ...last].map((group) => group.replace(/^0+(?=.)/, '').toLowerCase());
}
