import { between, chance, pick } from './random.ts';
import { MENUS_PER_RESTAURANT } from './volumes.ts';
import type { World } from './world.ts';

export interface Dish {
  readonly name: string;
  readonly section: string;
  readonly description: string | null;
  readonly price: number;
  /** Percent. */
  readonly discountRate: number;
  /** What a customer pays: whole tens of won. */
  readonly unitPrice: number;
}

interface Cuisine {
  readonly category: string;
  readonly houses: readonly string[];
  /** Main dishes, with the lowest price in won. */
  readonly mains: readonly (readonly [name: string, price: number])[];
}

const CUISINES: readonly Cuisine[] = [
  {
    category: '한식',
    houses: ['밥상', '국밥', '손맛', '한정식', '찌개마을'],
    mains: [
      ['김치찌개', 8500],
      ['된장찌개', 8000],
      ['제육볶음', 9500],
      ['비빔밥', 9000],
      ['갈비탕', 13_000],
      ['순두부찌개', 8500],
      ['불고기 정식', 14_000],
    ],
  },
  {
    category: '중식',
    houses: ['반점', '루', '짬뽕집', '각'],
    mains: [
      ['짜장면', 6500],
      ['짬뽕', 8000],
      ['탕수육', 18_000],
      ['볶음밥', 7500],
      ['마파두부', 12_000],
      ['유린기', 21_000],
      ['깐풍기', 22_000],
    ],
  },
  {
    category: '일식',
    houses: ['스시', '라멘', '우동', '돈카츠'],
    mains: [
      ['모둠초밥', 17_000],
      ['돈코츠라멘', 10_500],
      ['안심돈카츠', 12_500],
      ['가츠동', 10_000],
      ['냉모밀', 9000],
      ['연어덮밥', 14_500],
      ['새우튀김우동', 10_500],
    ],
  },
  {
    category: '치킨',
    houses: ['치킨', '통닭', '닭강정'],
    mains: [
      ['후라이드치킨', 18_000],
      ['양념치킨', 19_000],
      ['간장치킨', 19_500],
      ['반반치킨', 19_000],
      ['순살치킨', 20_000],
      ['파닭', 20_500],
      ['닭강정', 15_000],
    ],
  },
  {
    category: '양식',
    houses: ['Kitchen', 'Bistro', '파스타', '피자'],
    mains: [
      ['마르게리타 피자', 19_000],
      ['카르보나라', 15_000],
      ['봉골레 파스타', 16_500],
      ['수제버거', 12_500],
      ['시저 샐러드', 11_000],
      ['해산물 리조또', 17_500],
      ['Steak Frites', 27_000],
    ],
  },
  {
    category: '분식',
    houses: ['분식', '김밥', '떡볶이'],
    mains: [
      ['떡볶이', 5000],
      ['참치김밥', 4500],
      ['라볶이', 6500],
      ['순대', 5000],
      ['모둠튀김', 6000],
      ['쫄면', 7000],
      ['왕돈까스', 9500],
    ],
  },
];

const EXTRAS: readonly (readonly [name: string, section: string, price: number])[] = [
  ['공기밥', '사이드', 1000],
  ['콜라 500ml', '음료', 2500],
  ['계절 과일 에이드', '음료', 4500],
];
const DESCRIPTIONS = [
  '매일 아침 준비합니다',
  '인기 메뉴',
  '2인분 이상 주문 가능',
  '국내산 재료만 사용합니다',
  'Chef’s choice',
];
const NEIGHBOURHOODS = [
  '연남',
  '성수',
  '망원',
  '이태원',
  '서촌',
  '역삼',
  '잠실',
  '신림',
  '한남',
  '을지로',
  '합정',
  '문정',
];

export interface House {
  readonly name: string;
  readonly category: string;
}

export function houseOf(world: World, restaurant: number): House {
  const random = world.random('house', restaurant);
  const { category, houses } = cuisineOf(world, restaurant);
  return { name: `${pick(random, NEIGHBOURHOODS)} ${pick(random, houses)} ${between(random, 1, 99)}호점`, category };
}

/** The nth menu of all: the same restaurant has MENUS_PER_RESTAURANT of them in a row. */
export function dishOf(world: World, menu: number): Dish {
  const random = world.random('dish', menu);
  const position = menu % MENUS_PER_RESTAURANT;
  const { mains } = cuisineOf(world, Math.floor(menu / MENUS_PER_RESTAURANT));
  const extra = EXTRAS[position - mains.length];
  const [name, lowest] = mains[position] ?? [extra?.[0] ?? '', extra?.[2] ?? 0];
  const price = lowest + (extra === undefined ? between(random, 0, 6) * 500 : 0);
  const discountRate = chance(random, 0.12) ? pick(random, [5, 10, 20]) : 0;
  return {
    name,
    section: extra?.[1] ?? '메인',
    description: chance(random, 0.7) ? pick(random, DESCRIPTIONS) : null,
    price,
    discountRate,
    unitPrice: Math.floor((price * (100 - discountRate)) / 1000) * 10,
  };
}

function cuisineOf(world: World, restaurant: number): Cuisine {
  return pick(world.random('cuisine', restaurant), CUISINES);
}
