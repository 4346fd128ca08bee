import type { Span } from './calendar.ts';
import { rhythm } from './calendar.ts';
import type { Random, RandomStream } from './random.ts';
import { between, fraction, openRandomStream, uuidV4 } from './random.ts';
import type { Volumes } from './volumes.ts';
import { FIRST_OWNER, MENUS_PER_RESTAURANT } from './volumes.ts';
import type { Words } from './words.ts';

/** Everything that rows are derived from. Two equal worlds have equal rows. */
export interface World {
  readonly span: Span;
  readonly volumes: Volumes;
  readonly words: Words;
  /** The generator of one thing, by kind and number. */
  readonly random: (kind: string, index: number) => Random;
  /** Takes a position in the span, from 0 to 1, to a time. */
  readonly timeAt: (position: number) => number;
  /** As timeAt, but ends where the open orders begin. */
  readonly orderTimeAt: (position: number) => number;
}

export interface WorldRequest {
  readonly seed: string;
  readonly span: Span;
  readonly volumes: Volumes;
  readonly words: Words;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** The newest orders lie close together, so that at any scale some are open: waiting, cooking, ready. */
export const RUSH_MS = 45 * MINUTE_MS;
export const RUSH_ORDERS = 24;
/** Restaurants and half of the users are older than the span. */
const HISTORY_MS = 540 * DAY_MS;
const OLD_USERS_SHARE = 0.5;

export function createWorld({ seed, span, volumes, words }: WorldRequest): World {
  const streams = new Map<string, RandomStream>();
  const streamOf = (kind: string): RandomStream => {
    const stream = openRandomStream(seed, kind);
    streams.set(kind, stream);
    return stream;
  };
  return {
    span,
    volumes,
    words,
    random: (kind, index) => (streams.get(kind) ?? streamOf(kind))(index),
    timeAt: rhythm(span),
    orderTimeAt: rhythm({ start: span.start, until: span.until - RUSH_MS }),
  };
}

export function userId(world: World, user: number): string {
  return uuidV4(world.random('user id', user));
}

export function restaurantId(world: World, restaurant: number): string {
  return uuidV4(world.random('restaurant id', restaurant));
}

export function menuId(world: World, menu: number): string {
  return uuidV4(world.random('menu id', menu));
}

/** Owners take turns: the first ones have two restaurants. */
export function ownerOf({ volumes }: World, restaurant: number): number {
  return FIRST_OWNER + (restaurant % volumes.owners);
}

export function menuCount({ volumes }: World): number {
  return volumes.restaurants * MENUS_PER_RESTAURANT;
}

export function firstCustomer({ volumes }: World): number {
  return FIRST_OWNER + volumes.owners;
}

/** Users in the order in which they signed up: a share before the span, staff and owners first of all. */
export function userCreatedAt(world: World, user: number): number {
  const { span, volumes } = world;
  const old = oldUsers(world);
  const within = fraction(world.random('user created', user));
  return user < old
    ? Math.floor(span.start - HISTORY_MS * (1 - (user + within) / (old + 1)))
    : Math.floor(span.start + ((user - old + within) / (volumes.users - old)) * (span.until - RUSH_MS - span.start));
}

/** Some customer who has signed up before a time within the span; a few order much more often than most. */
export function customerAt(world: World, random: Random, at: number): number {
  const first = firstCustomer(world);
  return first + Math.floor(fraction(random) ** 1.5 * (usersBefore(world, at) - first));
}

/** Anybody who has signed up before a time within the span. */
export function anyUserAt(world: World, random: Random, at: number): number {
  return between(random, 0, usersBefore(world, at) - 1);
}

function usersBefore(world: World, at: number): number {
  const { span, volumes } = world;
  const old = oldUsers(world);
  const position = (at - span.start) / (span.until - RUSH_MS - span.start);
  return Math.min(volumes.users, old + Math.floor(position * (volumes.users - old)));
}

export function oldUsers(world: World): number {
  const { volumes } = world;
  return firstCustomer(world) + Math.floor((volumes.users - firstCustomer(world)) * OLD_USERS_SHARE);
}
