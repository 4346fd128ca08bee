import type { Random } from './random.ts';
import { between, chance, digits, pick } from './random.ts';
import type { Words } from './words.ts';

export interface Person {
  readonly name: string;
  /** Letters, digits and dots, not yet unique: the part of an e-mail address before the number. */
  readonly handle: string;
}

const ENGLISH_SHARE = 0.15;
/** Four in ten people have one of five family names. */
const FREQUENT_FAMILIES = ['김', '김', '김', '김', '이', '이', '이', '박', '박', '최', '정'];
const FREQUENT_SHARE = 0.5;

export function makePerson(random: Random, words: Words): Person {
  if (chance(random, ENGLISH_SHARE)) {
    const first = pick(random, words.englishFirst);
    const last = pick(random, words.englishLast);
    return { name: `${first} ${last}`, handle: `${plain(first)}.${plain(last)}` };
  }
  const family = pick(random, chance(random, FREQUENT_SHARE) ? FREQUENT_FAMILIES : words.koreanFamily);
  const given = pick(random, words.koreanGiven);
  return { name: family + given, handle: `${romanise(given)}.${romanise(family)}` };
}

function plain(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/[^A-Za-z]/gu, '')
    .toLowerCase();
}

const INITIALS = 'g,kk,n,d,tt,r,m,b,pp,s,ss,,j,jj,ch,k,t,p,h'.split(',');
const VOWELS = 'a,ae,ya,yae,eo,e,yeo,ye,o,wa,wae,oe,yo,u,wo,we,wi,yu,eu,ui,i'.split(',');
const FINALS = ',k,k,k,n,n,n,t,l,k,m,l,l,l,p,l,m,p,p,t,t,ng,t,t,k,t,p,t'.split(',');

/** Revised Romanization letter by letter, without the changes between syllables: 서연 → seoyeon. */
export function romanise(hangul: string): string {
  const syllables = Array.from(hangul, (syllable) => {
    // Hangul syllables are numbered by initial (19), vowel (21) and final (28), from U+AC00.
    const number = (syllable.codePointAt(0) ?? 0) - 0xac_00;
    const initial = INITIALS[Math.floor(number / 588)] ?? '';
    return initial + (VOWELS[Math.floor((number % 588) / 28)] ?? '') + (FINALS[number % 28] ?? '');
  });
  return syllables.join('');
}

/** A mobile number nobody has: exchanges that begin with 0 are not given out after 010. */
export function mobileNumber(random: Random): string {
  return `010-0${digits(random, 3)}-${digits(random, 4)}`;
}

/** A number in Seoul nobody has, for the same reason. */
export function landlineNumber(random: Random): string {
  return `02-0${digits(random, 3)}-${digits(random, 4)}`;
}

const DISTRICTS: readonly (readonly [
  district: string,
  roads: readonly string[],
  latitude: number,
  longitude: number,
])[] = [
  ['서울특별시 강남구', ['테헤란로', '논현로', '도산대로', '선릉로'], 37.5172, 127.0473],
  ['서울특별시 마포구', ['양화로', '월드컵로', '와우산로', '동교로'], 37.5663, 126.9019],
  ['서울특별시 종로구', ['종로', '자하문로', '율곡로', '삼청로'], 37.5735, 126.979],
  ['서울특별시 성동구', ['왕십리로', '연무장길', '성수이로', '뚝섬로'], 37.5633, 127.0371],
  ['서울특별시 송파구', ['올림픽로', '송파대로', '백제고분로', '석촌호수로'], 37.5145, 127.1059],
  ['서울특별시 용산구', ['이태원로', '한강대로', '녹사평대로', '소월로'], 37.5324, 126.99],
  ['서울특별시 서초구', ['서초대로', '반포대로', '사평대로', '강남대로'], 37.4837, 127.0324],
  ['서울특별시 관악구', ['관악로', '남부순환로', '봉천로', '신림로'], 37.4784, 126.9516],
];

export interface Place {
  readonly address: string;
  readonly latitude: number;
  readonly longitude: number;
}

/** A road of Seoul with a house number, and a point in its district. */
export function makePlace(random: Random): Place {
  const [district, roads, latitude, longitude] = pick(random, DISTRICTS);
  const floor = chance(random, 0.6) ? ` ${between(random, 1, 4)}층` : '';
  return {
    address: `${district} ${pick(random, roads)} ${between(random, 1, 420)}${floor}`,
    latitude: latitude + between(random, -900, 900) / 100_000,
    longitude: longitude + between(random, -900, 900) / 100_000,
  };
}

/** A business number of the tax office 000, which there is not, with the check digit that the rule asks for. */
export function businessNumber(random: Random): string {
  const first = `000${digits(random, 6)}`;
  const weights = [1, 3, 7, 1, 3, 7, 1, 3, 5];
  const sum = weights.reduce((total, weight, position) => total + weight * Number(first[position]), 0);
  const carry = Math.floor((Number(first[8]) * 5) / 10);
  const check = (10 - ((sum + carry) % 10)) % 10;
  return `${first.slice(0, 3)}-${first.slice(3, 5)}-${first.slice(5)}${check}`;
}
