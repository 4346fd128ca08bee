import { dishOf } from './menu.ts';
import type { Payment } from './payment.ts';
import { makePayment } from './payment.ts';
import type { Random } from './random.ts';
import { between, chance, fraction, pick, uuidV7 } from './random.ts';
import { MENUS_PER_RESTAURANT } from './volumes.ts';
import { customerAt, ownerOf, RUSH_MS, RUSH_ORDERS } from './world.ts';
import type { World } from './world.ts';

export type OrderStatus = 'PENDING' | 'ACCEPTED' | 'PREPARING' | 'READY' | 'COMPLETED' | 'CANCELLED';

export interface Step {
  readonly status: OrderStatus;
  readonly at: number;
  /** The user who did it; null for an anonymous customer and for the system. */
  readonly by: number | null;
}

export interface Line {
  readonly menu: number;
  readonly quantity: number;
  readonly unitPrice: number;
}

/** How an order goes, had it time enough. */
export type Course = 'completed' | 'cancelled by customer' | 'cancelled by owner' | 'payment failed';

/** One order with all that follows from it, as far as it has happened by the end of the span. Amounts in won. */
export interface Order {
  /** Its number, oldest first. */
  readonly index: number;
  readonly id: string;
  readonly at: number;
  readonly restaurant: number;
  readonly owner: number;
  /** Null for an anonymous order. */
  readonly customer: number | null;
  readonly lines: readonly Line[];
  readonly subtotal: number;
  readonly discount: number;
  readonly tax: number;
  readonly total: number;
  readonly course: Course;
  /** The first is PENDING; the last is the order's status. */
  readonly steps: readonly Step[];
  readonly payment: Payment | null;
}

const ANONYMOUS_SHARE = 0.12;
/** In won. */
const LEAST_FOR_COUPON = 12_000;
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** The nth order, oldest first. */
export function makeOrder(world: World, index: number): Order {
  const random = world.random('order', index);
  const at = orderTime(world, index);
  const id = uuidV7(random, at);
  const restaurant = Math.floor(fraction(random) ** 1.4 * world.volumes.restaurants);
  const customer = chance(random, ANONYMOUS_SHARE) ? null : customerAt(world, random, at);
  const lines = makeLines(world, random, restaurant);
  const amounts = amountsOf(random, lines);
  const course = courseOf(random);
  const owner = ownerOf(world, restaurant);
  const planned = plannedSteps(random, { at, course, customer, owner });
  const until = world.span.until;
  const payment = makePayment(random, { total: amounts.total, course, planned, until });
  const steps = planned.filter((step) => step.at <= until);
  return { index, id, at, restaurant, owner, customer, lines, ...amounts, course, steps, payment };
}

/** Later orders never have earlier times. */
export function orderTime(world: World, index: number): number {
  const { span, volumes } = world;
  const within = fraction(world.random('order time', index));
  const calm = volumes.orders - RUSH_ORDERS;
  if (index < calm) return world.orderTimeAt((index + within) / calm);
  return Math.floor(span.until - RUSH_MS * (1 - (index - calm + within) / RUSH_ORDERS));
}

function makeLines(world: World, random: Random, restaurant: number): Line[] {
  const count = pick(random, [1, 1, 2, 2, 2, 3, 3, 4]);
  const first = between(random, 0, MENUS_PER_RESTAURANT - 1);
  return Array.from({ length: count }, (_, line) => {
    // Three and ten have no common divisor: up to ten lines never name a menu twice.
    const menu = restaurant * MENUS_PER_RESTAURANT + ((first + line * 3) % MENUS_PER_RESTAURANT);
    return { menu, quantity: pick(random, [1, 1, 1, 2, 2, 3]), unitPrice: dishOf(world, menu).unitPrice };
  });
}

function amountsOf(random: Random, lines: readonly Line[]): Pick<Order, 'subtotal' | 'discount' | 'tax' | 'total'> {
  const subtotal = lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice, 0);
  const coupon = chance(random, 0.15) ? pick(random, [1000, 2000, 3000]) : 0;
  const discount = subtotal >= LEAST_FOR_COUPON ? coupon : 0;
  const tax = Math.floor((subtotal - discount) / 100) * 10;
  return { subtotal, discount, tax, total: subtotal - discount + tax };
}

function courseOf(random: Random): Course {
  const draw = fraction(random);
  if (draw < 0.025) return 'cancelled by customer';
  if (draw < 0.05) return 'cancelled by owner';
  return draw < 0.06 ? 'payment failed' : 'completed';
}

interface Plot {
  readonly at: number;
  readonly course: Course;
  readonly customer: number | null;
  readonly owner: number;
}

function plannedSteps(random: Random, { at, course, customer, owner }: Plot): Step[] {
  const ordered: Step = { status: 'PENDING', at, by: customer };
  const accepted = at + between(random, 70 * SECOND, 4 * MINUTE);
  if (course === 'payment failed') return [ordered, { status: 'CANCELLED', at: at + 60 * SECOND, by: null }];
  if (course === 'cancelled by customer') return [ordered, { status: 'CANCELLED', at: accepted, by: customer }];
  const acceptance: Step = { status: 'ACCEPTED', at: accepted, by: owner };
  const preparing = accepted + between(random, MINUTE, 5 * MINUTE);
  if (course === 'cancelled by owner') return [ordered, acceptance, { status: 'CANCELLED', at: preparing, by: owner }];
  const ready = preparing + between(random, 8 * MINUTE, 22 * MINUTE);
  return [
    ordered,
    acceptance,
    { status: 'PREPARING', at: preparing, by: owner },
    { status: 'READY', at: ready, by: owner },
    { status: 'COMPLETED', at: ready + between(random, 2 * MINUTE, 14 * MINUTE), by: owner },
  ];
}

/** When the order came to a status; undefined when it has not. */
export function reachedAt(steps: readonly Step[], status: OrderStatus): number | undefined {
  return steps.find((step) => step.status === status)?.at;
}
