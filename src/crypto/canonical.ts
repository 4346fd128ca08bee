import { OrdersyncError } from '../errors.ts';

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/u;
const LEADING_ZERO = /(?:^|\.)0\d/u;
const MAPPED_IPV4 = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/u;
const IPV6_CHARACTERS = /^[0-9a-f:.]*:[0-9a-f:.]*$/iu;

/**
 * One spelling per e-mail address: white space at both ends removed, Unicode NFC, lower case by Unicode's default mapping
 * (no language's own rules), NFC again. The whole address is folded: no provider in use tells `A@x` from `a@x`.
 */
export function canonicalEmail(address: string): string {
  return required(address.trim().normalize('NFC').toLowerCase().normalize('NFC'), 'e-mail address');
}

/**
 * One spelling per network address: dotted decimal for IPv4, RFC 5952 for IPv6, and an IPv4 address mapped into IPv6
 * (::ffff:192.0.2.1) as the IPv4 address it is. Refuses everything else, also masks, ports and zones, with `usage`.
 */
export function canonicalIp(address: string): string {
  const canonical = ipOf(address.trim());
  if (canonical !== undefined) return canonical;
  throw new OrdersyncError('usage', 'not an IP address', {
    hint: 'give it without mask, port and zone: 192.0.2.1 or 2001:db8::1',
  });
}

/** Identifiers other systems give out: white space at both ends removed and NFC; case means something in them. */
export function canonicalIdentifier(identifier: string): string {
  return required(identifier.trim().normalize('NFC'), 'identifier');
}

/** Rate limits count addresses and identifiers alike: an address in its canonical form, anything else as identifier. */
export function canonicalRateLimit(identifier: string): string {
  return ipOf(identifier.trim()) ?? canonicalIdentifier(identifier);
}

function ipOf(text: string): string | undefined {
  if (IPV4.test(text)) return LEADING_ZERO.test(text) ? undefined : text;
  if (!IPV6_CHARACTERS.test(text) || !URL.canParse(`http://[${text}]`)) return undefined;
  // The URL standard's serializer is RFC 5952 but for mapped addresses, which it leaves in hex.
  const ipv6 = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const mapped = MAPPED_IPV4.exec(ipv6);
  return mapped === null ? ipv6 : dotted(Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16));
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function required(text: string, what: string): string {
  if (text !== '') return text;
  throw new OrdersyncError('usage', `an empty ${what} has no blind index`);
}
