import type { Random } from './random.ts';
import { between, chance, pick } from './random.ts';

/** Where a request comes from. */
export interface Client {
  readonly ip: string;
  readonly agent: string;
}

const MOBILE_AGENTS = [
  'OrderSync/5.2.1 (iPhone16,1; iOS 18.5; ko_KR)',
  'OrderSync/5.2.0 (SM-S928N; Android 15; ko_KR)',
  'OrderSync/5.1.4 (SM-F956N; Android 15; ko_KR)',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 15; SM-S928N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36',
];
const DESKTOP_AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Whale/4.32 Safari/537.36',
];
/** What credential stuffing tools call themselves. */
export const TOOL_AGENT = 'python-requests/2.32.3';

/** Addresses per block of 198.18.0.0/15, the range for benchmarks (RFC 2544), which the internet does not carry. */
const BENCHMARK_ADDRESSES = 2 ** 17;
const MOBILE_SHARE = 0.3;
const DESKTOP_SHARE = 0.35;

/** A client of a user: mostly at home, where the address is always the same, else somewhere in a mobile network. */
export function clientOf(random: Random, user: number): Client {
  const ip = chance(random, MOBILE_SHARE) ? mobileAddress(random) : homeAddress(user);
  return { ip, agent: pick(random, chance(random, DESKTOP_SHARE) ? DESKTOP_AGENTS : MOBILE_AGENTS) };
}

/** A client without an account. */
export function anonymousClient(random: Random): Client {
  return { ip: mobileAddress(random), agent: pick(random, MOBILE_AGENTS) };
}

/** Nobody shares one, up to 131 072 users. */
function homeAddress(user: number): string {
  const number = user % BENCHMARK_ADDRESSES;
  return `198.${18 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
}

/** 2001:db8::/32 is for documentation (RFC 3849). */
function mobileAddress(random: Random): string {
  const group = (): string => between(random, 1, 0xffff).toString(16);
  return `2001:db8:${group()}:${group()}::${between(random, 2, 0xffff).toString(16)}`;
}
