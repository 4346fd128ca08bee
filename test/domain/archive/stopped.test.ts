import { expect, test } from 'vitest';
import { stoppedAfter } from '../../../src/domain/archive/stopped.ts';
import { OrdersyncError } from '../../../src/errors.ts';

const work = { said: 'months finished: 1', kept: true, body: ['audit_logs 2025-01: dropped'], hint: 'go on' };

test.each([
  ['interrupted', 'interrupted', 'ended; months finished: 1', 'go on'],
  ['connection', 'partial', 'stopped part way: ended; months finished: 1', 'go on'],
  ['unhealthy', 'unhealthy', 'ended; months finished: 1', undefined],
] as const)('after %s it is %s, with what was done', (code, told, message, hint) => {
  const stopped = stoppedAfter(new OrdersyncError(code, 'ended'), work);
  expect(stopped).toMatchObject({ code: told, message, details: { body: work.body } });
  expect((stopped as OrdersyncError).details.hint).toBe(hint);
});

test('a connection that was lost before anything was there for good keeps its code', () => {
  const stopped = stoppedAfter(new OrdersyncError('connection', 'ended'), { ...work, kept: false });
  expect(stopped).toMatchObject({ code: 'connection' });
});

test('of many lines those that are left out are counted', () => {
  const body = Array.from({ length: 45 }, (_, index) => `finding ${index}`);
  const stopped = stoppedAfter(new OrdersyncError('interrupted', 'ended'), { ...work, body }) as OrdersyncError;
  expect(stopped.details.body).toEqual([...body.slice(0, 40), '… and 5 more']);
});
