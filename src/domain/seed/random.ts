import { createHash } from 'node:crypto';

/**
 * State of sfc32, Chris Doty-Humphrey's small fast counting generator (public domain, passes PractRand): four words of
 * 32 bits, changed by every draw. Not for keys, nonces or tokens that protect anything.
 */
export interface Random {
  a: number;
  b: number;
  c: number;
  counter: number;
}

/**
 * A fresh generator for one thing: the nth user, the nth order. Whatever is drawn for one thing never moves what is drawn
 * for another, so that any row can be made alone, in any order, and another scale changes no row's own draws.
 */
export type RandomStream = (index: number) => Random;

const WARM_UP_ROUNDS = 12;
const TWO_32 = 2 ** 32;

/** The stream of one kind of thing under one seed; different seeds and names have nothing in common. */
export function openRandomStream(seed: string, name: string): RandomStream {
  const digest = createHash('sha256').update(`${seed}\0${name}`, 'utf8').digest();
  const words = [0, 4, 8].map((offset) => digest.readInt32LE(offset));
  const [first = 0, second = 0, third = 0] = words;
  return (index) => {
    // The index is exclusive-ored into the state, which keeps the states of different indexes different.
    const random = { a: first ^ index, b: second ^ Math.floor(index / TWO_32), c: third, counter: 1 };
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) nextWord(random);
    return random;
  };
}

/** 32 bits as a signed integer. */
export function nextWord(random: Random): number {
  const sum = (random.a + random.b + random.counter) | 0;
  random.counter = (random.counter + 1) | 0;
  random.a = random.b ^ (random.b >>> 9);
  random.b = (random.c + (random.c << 3)) | 0;
  random.c = (((random.c << 21) | (random.c >>> 11)) + sum) | 0;
  return sum;
}

/** From 0 to less than 1, in steps of 2^-32. */
export function fraction(random: Random): number {
  return (nextWord(random) >>> 0) / TWO_32;
}

/** An integer from `low` to `high`, both included; the span is less than 2^32. */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(fraction(random) * (high - low + 1));
}

export function chance(random: Random, probability: number): boolean {
  return fraction(random) < probability;
}

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[Math.floor(fraction(random) * items.length)];
  if (item === undefined) throw new RangeError('cannot pick from an empty list');
  return item;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hex digits, eight for each word. */
export function hex(random: Random, words: number): string {
  let text = '';
  for (let word = 0; word < words; word += 1) text += hexOf(nextWord(random));
  return text;
}

/** Decimal digits. */
export function digits(random: Random, count: number): string {
  let text = '';
  for (let position = 0; position < count; position += 1) text += between(random, 0, 9);
  return text;
}

/** A version 4 UUID: 122 bits of the stream. */
export function uuidV4(random: Random): string {
  const high = (nextWord(random) & 0xffff0fff) | 0x4000;
  return formatUuid(nextWord(random), high, (nextWord(random) & 0x3fffffff) | 0x80000000, nextWord(random));
}

/** A version 7 UUID of a millisecond, in the layout of the database's uuid_v7(): 48 bits of time, 74 of the stream. */
export function uuidV7(random: Random, atMs: number): string {
  const low = (Math.floor(atMs % 65_536) << 16) | 0x7000 | (nextWord(random) & 0xfff);
  return formatUuid(Math.floor(atMs / 65_536), low, (nextWord(random) & 0x3fffffff) | 0x80000000, nextWord(random));
}

function formatUuid(first: number, second: number, third: number, fourth: number): string {
  const middle = hexOf(second);
  const end = hexOf(third);
  return `${hexOf(first)}-${middle.slice(0, 4)}-${middle.slice(4)}-${end.slice(0, 4)}-${end.slice(4)}${hexOf(fourth)}`;
}

function hexOf(word: number): string {
  return (
    (HEX[word >>> 24] ?? '') +
    (HEX[(word >>> 16) & 255] ?? '') +
    (HEX[(word >>> 8) & 255] ?? '') +
    (HEX[word & 255] ?? '')
  );
}
