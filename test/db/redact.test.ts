import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { redact } from '../../src/db/redact.ts';
import { Secret } from '../../src/db/secret.ts';

const SECRET = 's3cret';

describe('redact', () => {
  it.each([
    `postgres://min:${SECRET}@h/db`,
    `postgres://min:p@${SECRET}/x@h:5432/db?a=b`,
    `postgresql://:${SECRET}@h`,
    `failed: postgres://a:${SECRET}@h1/db, postgres://b:${SECRET}@h2/db`,
    `host=h password=${SECRET} user=u`,
    `host=h password = 'it\\'s ${SECRET}' user=u`,
    `postgres://h/db?user=u&password=${SECRET}&sslpassword=${SECRET}`,
    `PGPASSWORD=${SECRET} psql`,
    `PGPASSWORD="a ${SECRET}" psql`,
    `{"user":"u","password":"${SECRET}"}`,
    `create role r login password '${SECRET}'`,
    `alter role r PASSWORD E'it\\'s ${SECRET}'`,
    `alter role r encrypted password 'it''s ${SECRET}'`,
    `alter role r password $x$ ${SECRET} $x$ valid until 'infinity'`,
    `unterminated: password='a ${SECRET}`,
  ])('masks %s', (text) => {
    const masked = redact(text);
    expect(masked).not.toContain(SECRET);
    expect(masked).toContain('[redacted]');
  });

  it.each([
    'postgres://min@h:5432/db?sslmode=require',
    'the server refused the password of user "min"',
    'see https://example.com:8080/a',
    'password authentication failed for user "min"',
  ])('leaves %s as it is', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('keeps what is around the password', () => {
    expect(redact(`cannot reach postgres://min:x@h/db now`)).toBe('cannot reach postgres://min:[redacted]@h/db now');
    expect(redact(`a='b' password=x sslmode=require`)).toBe(`a='b' password=[redacted] sslmode=require`);
  });
});

describe('a secret', () => {
  it('shows itself to reveal() alone', () => {
    const secret = new Secret(SECRET);
    expect(secret.reveal()).toBe(SECRET);
    for (const shown of [
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }),
      inspect(secret, { showHidden: true }),
      'x'.concat(secret as unknown as string),
    ]) {
      expect(shown).not.toContain(SECRET);
      expect(shown).toContain('[redacted]');
    }
  });
});
