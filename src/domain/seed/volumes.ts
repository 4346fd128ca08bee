import { OrdersyncError } from '../../errors.ts';
import { PLANTED_USERS } from './planted.ts';

/** How many things there are to make; rows follow from them. */
export interface Volumes {
  readonly owners: number;
  readonly users: number;
  readonly restaurants: number;
  readonly orders: number;
  /** Successful log-ins apart from the planted ones. */
  readonly visits: number;
}

const SCALES = { small: 10_000, medium: 1_000_000, large: 10_000_000 } as const;

const ADMINS = 3;
const STAFF = 9;
/** The first users are ADMINS administrators, then STAFF members of staff, then the owners; the rest are customers. */
export const FIRST_STAFF = ADMINS;
export const FIRST_OWNER = ADMINS + STAFF;
export const MENUS_PER_RESTAURANT = 10;

/**
 * Per order, after the specification's table of volumes (a year: 100 000 users, 5 000 restaurants and 5 000 000 orders).
 * A shop needs some users and restaurants however few orders it has: those come on top.
 */
const USERS_PER_ORDER = 0.02;
const LEAST_USERS = PLANTED_USERS + 60;
const RESTAURANTS_PER_ORDER = 0.001;
const LEAST_RESTAURANTS = 8;
const VISITS_PER_ORDER = 2.2;
const RESTAURANTS_PER_OWNER = 1.25;

/** Rows over all tables: so many without any order, and so many for each. Measured; a test holds them to 3 %. */
const FIXED_ROWS = 2450;
const ROWS_PER_ORDER = 22.7;
const LEAST_ORDERS = 100;
const MOST_ROWS = 1_000_000_000;

/** `small`, `medium`, `large` or about how many rows over all tables. @throws OrdersyncError usage */
export function parseScale(text: string): number {
  if (text === 'small' || text === 'medium' || text === 'large') return SCALES[text];
  const rows = /^\d{1,10}$/u.test(text) ? Number(text) : 0;
  const least = FIXED_ROWS + LEAST_ORDERS * ROWS_PER_ORDER;
  if (rows >= least && rows <= MOST_ROWS) return rows;
  throw new OrdersyncError('usage', `"${text}" is not a scale`, {
    hint: `use small, medium, large, or a number of rows from ${least} to ${MOST_ROWS}`,
  });
}

/** What comes nearest to so many rows over all tables. */
export function volumesOf(rows: number): Volumes {
  const orders = Math.max(LEAST_ORDERS, Math.round((rows - FIXED_ROWS) / ROWS_PER_ORDER));
  const restaurants = LEAST_RESTAURANTS + Math.round(orders * RESTAURANTS_PER_ORDER);
  const owners = Math.ceil(restaurants / RESTAURANTS_PER_OWNER);
  return {
    owners,
    users: FIRST_OWNER + owners + LEAST_USERS + Math.round(orders * USERS_PER_ORDER),
    restaurants,
    orders,
    visits: Math.round(orders * VISITS_PER_ORDER),
  };
}
