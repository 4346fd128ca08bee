import { describe, expect, it } from 'vitest';
import { maskStatement } from '../../../src/domain/reports/mask.ts';

describe('maskStatement', () => {
  it.each([
    ["select * from users where email = 'a@b.c' and id = 42", 'select * from users where email = ? and id = ?'],
    ["alter role shop password 'hunter3'", 'alter role shop password ?'],
    [
      "alter role shop\n  password E'hun\\'ter3' -- secret\n  valid until '2099-01-01'",
      'alter role shop password ? valid until ?',
    ],
    ['do $body$ begin perform 4711; end $body$', 'do ?'],
    ["select U&'\\0041', B'1010', X'ff', N'name'", 'select ?, ?, ?, ?'],
    ['select /* customer 4711 */ 1.5e3, $1, "Order Items"."id"', 'select ?, $1, "Order Items"."id"'],
    ["select 'cut in the mid", 'select ?'],
    ['select 1 /* cut in the mid', 'select ?'],
    ["select 'it''s', a2, x.y_1", 'select ?, a2, x.y_1'],
    ['', ''],
  ])('of %j leaves %j', (text, masked) => {
    expect(maskStatement(text)).toBe(masked);
  });

  it.each([
    ['set app.token to Geheim', 'set app.token to ?'],
    [
      'begin; set local app.token = "Geheim"; select id from orders',
      'begin; set local app.token = ?; select id from orders',
    ],
    [
      'alter role shop in database shop set app.token to a, b',
      'alter role shop in database shop set app.token to ?, ?',
    ],
    ['update users set status = old_status', 'update users set status = old_status'],
    ['alter table orders rename to old_orders', 'alter table orders rename to old_orders'],
  ])('masks the words that a parameter is given: of %j it leaves %j', (text, masked) => {
    expect(maskStatement(text)).toBe(masked);
  });

  it('shows nothing of what a session with other rules for backslashes may mean as part of a string', () => {
    expect(maskStatement(String.raw`select 'it\'s my secret', 2`)).not.toContain('secret');
    expect(maskStatement(String.raw`select 'C:\\', plain`)).toBe('select ?, plain');
  });
});
