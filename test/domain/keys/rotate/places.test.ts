import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { countReads, rangeOfPages, stripedPlaces } from '../../../../src/domain/keys/rotate/places.ts';
import { cutStripe } from '../../../../src/domain/keys/rotate/stripe.ts';

const place = fc.record({ page: fc.integer({ min: 0, max: 40 }), item: fc.integer({ min: 0, max: 12 }) });
const layouts = fc.record({
  items: fc.integer({ min: 0, max: 12 }),
  stripes: fc.integer({ min: 1, max: 12 }),
  pagesPerRead: fc.integer({ min: 1, max: 50 }),
  statementRows: fc.constant(16),
});

test('every place of a range is in exactly one list, whatever the layout', () => {
  fc.assert(
    fc.property(place, place, layouts, (one, other, layout) => {
      const [first, end] = [one, other].toSorted((a, b) => a.page - b.page || a.item - b.item);
      const range = { first: `(${first!.page},${first!.item})`, end: `(${end!.page},${end!.item})` };
      const lists = [...stripedPlaces(range, layout)];
      const wanted: string[] = [];
      for (let page = first!.page; page <= end!.page; page += 1) {
        for (let item = 1; item <= layout.items; item += 1) {
          if (page === first!.page && item < first!.item) continue;
          if (page === end!.page && item >= end!.item) continue;
          wanted.push(`(${page},${item})`);
        }
      }
      expect(lists.flatMap((list) => list.split(';')).toSorted()).toEqual(wanted.toSorted());
      expect(lists.length).toBeLessThanOrEqual(countReads(range, layout));
    }),
  );
});

test('a page is passed by once in a stripe, and all pages before it comes by again', () => {
  const layout = { items: 3, stripes: 3, pagesPerRead: 2, statementRows: 2 };
  expect([...stripedPlaces(rangeOfPages(7, 10), layout)]).toEqual([
    '(7,1);(8,1)',
    '(9,1)',
    '(7,2);(8,2)',
    '(9,2)',
    '(7,3);(8,3)',
    '(9,3)',
  ]);
});

test('places beyond the average number of rows fall to the same stripes', () => {
  const layout = { items: 5, stripes: 2, pagesPerRead: 1, statementRows: 1 };
  expect([...stripedPlaces(rangeOfPages(0, 1), layout)]).toEqual(['(0,1);(0,3);(0,5)', '(0,2);(0,4)']);
});

const STRIPE = {
  rows: 3,
  ids: 'a,b,c',
  versions: '1,2,3',
  places: '(0,1);(1,1);(2,1)',
  rowIds: 'x,y,z',
  texts: ['t,,u', ',v,'],
};

test('a stripe is cut into statements, all of its parts at the same rows', () => {
  expect(cutStripe(STRIPE, 3)).toEqual([STRIPE]);
  expect(cutStripe(STRIPE, 2)).toEqual([
    { rows: 2, ids: 'a,b', versions: '1,2', places: '(0,1);(1,1)', rowIds: 'x,y', texts: ['t,', ',v'] },
    { rows: 1, ids: 'c', versions: '3', places: '(2,1)', rowIds: 'z', texts: ['u', ''] },
  ]);
});

test.each([
  ['a value', { texts: ['t,,,u', ',v,'] }],
  ['a row id', { rowIds: 'x,y,z,z' }],
])('where %s holds a comma the stripe stays whole', (_, changes) => {
  const stripe = { ...STRIPE, ...changes };
  expect(cutStripe(stripe, 2)).toEqual([stripe]);
});
