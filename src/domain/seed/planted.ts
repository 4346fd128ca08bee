/**
 * The attacks that are planted in every seed, whatever its scale, so that the security reports have something to find and
 * their findings can be tested. docs/demo-data.md describes them in the same numbers. Minutes are before `until`; all lie
 * within the last twenty, so that a report about the last hour still sees them forty minutes after the seed.
 */
export const PLANTED = {
  /** One account, many passwords, one address. It is locked at the sixth failure. */
  bruteForce: { ip: '203.0.113.10', failures: 9, lockedAt: 6, lockMinutes: 30, fromMinute: 18, toMinute: 4 },
  /** Many accounts of a leaked list, one attempt each; a few of them are customers. */
  stuffing: {
    ips: ['203.0.113.20', '203.0.113.21', '203.0.113.22'],
    accounts: 400,
    customers: 30,
    fromMinute: 19,
    toMinute: 2,
  },
  /** Failures below the threshold, then a success from an address the account never had. */
  takeover: { ip: '203.0.113.30', failures: 4, fromMinute: 14, toMinute: 10 },
  /** One address that many users come from: log in and out again and again. */
  busyAddress: { ip: '203.0.113.40', users: 24, logins: 192, fromMinute: 20, toMinute: 1 },
  /** Permission changes of the last day; the last one makes a customer an administrator, at night. */
  permissionChanges: 3,
} as const;

/** Planted users are the first customers, one after the other, in this order. */
export const PLANTED_CUSTOMER = { bruteForce: 0, takeover: 1, promoted: 2, busyAddress: 3, stuffing: 27 } as const;

export const PLANTED_USERS = PLANTED_CUSTOMER.stuffing + PLANTED.stuffing.customers;

const MINUTE_MS = 60_000;

/** The time of the nth of `count` things between two minutes before `until`. */
export function plantedTime(
  until: number,
  { fromMinute, toMinute }: { readonly fromMinute: number; readonly toMinute: number },
  [index, count]: readonly [index: number, count: number],
): number {
  return Math.floor(until - (fromMinute - ((fromMinute - toMinute) * index) / count) * MINUTE_MS);
}
