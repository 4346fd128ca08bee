import { describe, expect, it } from 'vitest';
import { fromUrl, refusal, resolve } from './machine.ts';

describe('a connection URL', () => {
  it('is decoded in every part', () => {
    const settings = fromUrl(
      'postgresql://us%20er:p%40ss%2Fw%23rd%25@db.example.com:6432/%EC%A3%BC%EB%AC%B8?application_name=a%26b',
    );
    expect(settings).toMatchObject({
      user: 'us er',
      database: '주문',
      hosts: [{ host: 'db.example.com', port: 6432 }],
      label: 'a&b',
    });
    expect(settings.password?.reveal()).toBe('p@ss/w#rd%');
  });

  it.each([
    ['postgres://[::1]:5433/db', [{ host: '::1', port: 5433 }]],
    ['postgres://[2001:db8::1]/db', [{ host: '2001:db8::1', port: 5432 }]],
    ['postgres:///db?host=/run/pg', [{ host: '/run/pg', port: 5432 }]],
    ['postgres://%2Frun%2Fpg:5433/db', [{ host: '/run/pg', port: 5433 }]],
    ['postgres://u@/db?host=/run/pg&port=6000', [{ host: '/run/pg', port: 6000 }]],
    [
      'postgres://a:1,b:2,[::1]:3/db',
      [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
        { host: '::1', port: 3 },
      ],
    ],
    [
      'postgres://a,b/db?port=6000',
      [
        { host: 'a', port: 6000 },
        { host: 'b', port: 6000 },
      ],
    ],
    ['postgres:///db', [{ host: 'localhost', port: 5432 }]],
    ['postgres://name/db?hostaddr=10.0.0.7', [{ host: 'name', address: '10.0.0.7', port: 5432 }]],
  ])('%s leads to its hosts', (url, hosts) => {
    expect(fromUrl(url).hosts).toMatchObject(hosts);
  });

  it.each(['p@ss/w#rd', 'p@ss', 'a/b', 'a@b:c', 'x/y@z', '50%off', 'a:b/c'])(
    'with the password %s unencoded never shows it',
    (password) => {
      const error = refusal({ flags: { url: `postgres://min:${password}@db.example.com/orders` } });
      expect(error.code).toBe('usage');
      expect(error.details.hint).toContain('%40');
      for (const piece of password.split(/[@/:%#]/).filter((part) => part.length > 1)) {
        expect(error.message).not.toContain(piece);
      }
      expect(JSON.stringify(error)).not.toContain(password);
    },
  );

  it('takes # in a password as it is, like libpq', () => {
    expect(fromUrl('postgres://min:a#b@h/db').password?.reveal()).toBe('a#b');
  });

  it('names the parameter it does not know, with near ones', () => {
    const error = refusal({ flags: { url: 'postgres://h/db?sslmod=require' } });
    expect(error).toMatchObject({ code: 'usage', message: 'connection parameter "sslmod" is unknown (flag --url)' });
    expect(error.details.hint).toContain('sslmode');
  });

  it('understands ssl=true', () => {
    expect(fromUrl('postgres://h/db?ssl=true').tls.mode).toBe('require');
  });

  it.each([
    'mysql://h/db',
    'orders',
    'postgres://h:70000/db',
    'postgres://h:x/db',
    'postgres://h/db?sslmode',
    'postgres://a:1,b:2,c/db?hostaddr=1',
  ])('is refused as %s', (url) => {
    expect(refusal({ flags: { url } }).code).toBe('usage');
  });
});

describe('a keyword string', () => {
  it('is read with quotes and backslashes', () => {
    const settings = fromUrl(
      String.raw`host=h port = 5433 dbname='my db' user='o\'neil' password=a\ b\\c application_name=''`,
    );
    expect(settings).toMatchObject({
      database: 'my db',
      user: "o'neil",
      hosts: [{ host: 'h', port: 5433 }],
      label: undefined,
    });
    expect(settings.password?.reveal()).toBe(String.raw`a b\c`);
  });

  it.each(["dbname='open", 'dbname=a b', 'host=h dbname'])('is refused as %s', (url) => {
    expect(refusal({ flags: { url } }).code).toBe('usage');
  });

  it('never shows the rest of a password that was cut by a blank', () => {
    const error = refusal({ flags: { url: 'dbname=orders password=top secret host=h' } });
    expect(JSON.stringify([error.message, error.details])).not.toMatch(/top|secret/);
  });

  it('may stand in --dbname, as in psql', () => {
    expect(resolve({ flags: { dbname: 'dbname=orders host=h' } })).toMatchObject({
      database: 'orders',
      hosts: [{ host: 'h' }],
    });
  });
});
