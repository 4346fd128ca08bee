import type { Course, Step } from './order.ts';
import type { Random } from './random.ts';
import { between, chance, digits, hex, pick, uuidV4, uuidV7 } from './random.ts';

type PaymentMethod = 'CARD' | 'KAKAOPAY' | 'TOSSPAY' | 'BANK' | 'CASH';
type PaymentStatus = 'PENDING' | 'AUTHORIZED' | 'CAPTURED' | 'FAILED' | 'CANCELLED';

/** A change of a payment after it was made. */
export interface PaymentChange {
  readonly status: PaymentStatus;
  readonly at: number;
}

export interface Refund {
  readonly id: string;
  readonly amount: number;
  readonly at: number;
  /** Null while it is pending. */
  readonly processedAt: number | null;
  readonly status: 'PENDING' | 'PROCESSED' | 'FAILED';
  readonly reason: string;
  readonly externalId: string;
}

export interface Payment {
  readonly id: string;
  readonly at: number;
  readonly method: PaymentMethod;
  readonly amount: number;
  readonly fee: number;
  /** The number at the payment provider; for cash the number of the receipt. */
  readonly externalId: string;
  /** Masked, for cards. */
  readonly card: string | null;
  readonly changes: readonly PaymentChange[];
  readonly status: PaymentStatus;
  readonly refund: Refund | null;
}

const METHODS: readonly PaymentMethod[] = [
  ...Array<PaymentMethod>(9).fill('CARD'),
  ...Array<PaymentMethod>(5).fill('KAKAOPAY'),
  ...Array<PaymentMethod>(4).fill('TOSSPAY'),
  'BANK',
  'CASH',
];
/** Thousandths of the amount. */
const FEES: Readonly<Record<PaymentMethod, number>> = { CARD: 23, KAKAOPAY: 29, TOSSPAY: 27, BANK: 10, CASH: 0 };
const SECOND = 1000;
const MINUTE = 60 * SECOND;

interface PaymentPlot {
  readonly total: number;
  readonly course: Course;
  readonly planned: readonly Step[];
  readonly until: number;
}

/**
 * The payment of an order, null before it is made. Authorised with the order, captured when the restaurant accepts it
 * (cash: when it is handed over). Cancelled before that it is cancelled too; afterwards it is refunded.
 */
export function makePayment(random: Random, { total, course, planned, until }: PaymentPlot): Payment | null {
  const at = (planned[0]?.at ?? 0) + between(random, 3 * SECOND, 40 * SECOND);
  const id = uuidV7(random, at);
  const method = pick(random, METHODS);
  const externalId = externalIdOf(random, method);
  const card = method === 'CARD' ? cardOf(random) : null;
  const happened = ({ at: time }: { readonly at: number }): boolean => time <= until;
  const changes = plannedChanges(random, { at, method, course, planned }).filter(happened);
  const status = changes.at(-1)?.status ?? 'PENDING';
  const refund = status === 'CAPTURED' ? makeRefund(random, { total, course, planned, until }) : null;
  if (at > until) return null;
  const fee = Math.floor((total * FEES[method]) / 1000);
  return { id, at, method, amount: total, fee, externalId, card, changes, status, refund };
}

interface ChangePlot {
  readonly at: number;
  readonly method: PaymentMethod;
  readonly course: Course;
  readonly planned: readonly Step[];
}

function plannedChanges(random: Random, { at, method, course, planned }: ChangePlot): PaymentChange[] {
  const timeOf = (status: Step['status']): number => planned.find((step) => step.status === status)?.at ?? Infinity;
  const settled = between(random, SECOND, 4 * SECOND);
  if (course === 'payment failed') return [{ status: 'FAILED', at: at + settled }];
  const authorized: PaymentChange[] = method === 'CASH' ? [] : [{ status: 'AUTHORIZED', at: at + settled }];
  const captured = (method === 'CASH' ? timeOf('COMPLETED') : timeOf('ACCEPTED')) + settled;
  if (captured < Infinity) return [...authorized, { status: 'CAPTURED', at: captured }];
  return [...authorized, { status: 'CANCELLED', at: timeOf('CANCELLED') + settled }];
}

const PARTIAL_REFUND_SHARE = 0.02;
const FAILED_REFUND_SHARE = 0.05;

/** All of it when the restaurant could not deliver; a part of it, later, when something was wrong. */
function makeRefund(random: Random, { total, course, planned, until }: PaymentPlot): Refund | null {
  const whole = course === 'cancelled by owner';
  if (!whole && !chance(random, PARTIAL_REFUND_SHARE)) return null;
  const ended = planned.at(-1)?.at ?? Infinity;
  const at = ended + (whole ? between(random, 5 * SECOND, 60 * SECOND) : between(random, 20 * MINUTE, 1200 * MINUTE));
  const amount = whole ? total : Math.max(10, Math.floor((total * between(random, 2, 5)) / 100) * 10);
  const processedAt = at + between(random, MINUTE, 60 * MINUTE);
  const outcome = !whole && chance(random, FAILED_REFUND_SHARE) ? 'FAILED' : 'PROCESSED';
  const reason = whole
    ? '매장 사정으로 주문 취소'
    : pick(random, ['음식 누락', '배달 지연', '음식 상태 불량', 'wrong item']);
  const refund = { id: uuidV4(random), amount: Math.min(amount, total), reason, externalId: `rf_${hex(random, 4)}` };
  if (at > until) return null;
  if (processedAt > until) return { ...refund, at, processedAt: null, status: 'PENDING' };
  return { ...refund, at, processedAt, status: outcome };
}

function externalIdOf(random: Random, method: PaymentMethod): string {
  const prefix = { CARD: 'card', KAKAOPAY: 'kko', TOSSPAY: 'tviva', BANK: 'bank', CASH: 'receipt' }[method];
  return `${prefix}_${hex(random, 4)}`;
}

/** The numbers that card networks publish for tests, with other last digits. */
function cardOf(random: Random): string {
  const [network, number] = pick(random, [
    ['VISA', '4111-11**-****'],
    ['Mastercard', '5555-55**-****'],
    ['BC', '9410-00**-****'],
  ]);
  return JSON.stringify({
    network,
    number: `${number}-${digits(random, 4)}`,
    installments: pick(random, [0, 0, 0, 3]),
  });
}
