import { describe, expect, it } from 'vitest';
import { OrdersyncError } from '../../src/errors.ts';
import type { ErrorOptions } from '../../src/output/error.ts';
import { renderError } from '../../src/output/error.ts';

const options: ErrorOptions = {
  terminal: { color: false },
  format: 'table',
  debug: false,
  redact: (text) => text.replaceAll('secret', '***'),
};

const failed = new OrdersyncError('precondition', 'migration 003 failed: type "jsonbb" does not exist', {
  sqlstate: '42704',
  body: ['migrations/003_orders.up.sql:2:8', '', '2 |   a jsonbb', '  |     ^'],
  facts: { file: '003_orders.up.sql', line: 2, applied: [1n, 2n], url: 'postgres://u:secret@h/db', code: 'not this' },
  hint: 'correct the file with secret and run `ordersync migrate up` again',
  cause: new Error('from the secret driver'),
});

describe('a failure with a name', () => {
  it('says what, where and what next', () => {
    expect(renderError(failed, options)).toBe(
      `ordersync: migration 003 failed: type "jsonbb" does not exist (SQLSTATE 42704)
  migrations/003_orders.up.sql:2:8

  2 |   a jsonbb
    |     ^
hint: correct the file with *** and run \`ordersync migrate up\` again
`,
    );
  });

  it('is one JSON object for programs, redacted everywhere', () => {
    const text = renderError(failed, { ...options, format: 'json' });
    expect(text.endsWith('}\n')).toBe(true);
    expect(text).not.toContain('secret');
    expect(JSON.parse(text)).toEqual({
      error: {
        code: 'precondition',
        message: 'migration 003 failed: type "jsonbb" does not exist',
        sqlstate: '42704',
        hint: 'correct the file with *** and run `ordersync migrate up` again',
        body: failed.details.body,
        file: '003_orders.up.sql',
        line: 2,
        applied: [1, 2],
        url: 'postgres://u:***@h/db',
      },
    });
  });

  it('shows stack and causes with --debug only', () => {
    expect(renderError(failed, options)).not.toContain('error.test.ts');
    const text = renderError(failed, { ...options, debug: true });
    expect(text).toContain('error.test.ts');
    expect(text).toContain('caused by: Error: from the *** driver');
  });

  it('has colour only where there is colour, and no escape of its own making', () => {
    const odd = new OrdersyncError('connection', 'server said \u001b[2Jno');
    expect(renderError(odd, options)).toBe('ordersync: server said no\n');
    expect(renderError(odd, { ...options, terminal: { color: true } })).toBe(
      '\u001b[31mordersync:\u001b[39m server said no\n',
    );
  });
});

describe('anything else', () => {
  it('is an internal error with its stack and where to report it', () => {
    const text = renderError(new TypeError('x is not a secret function', { cause: 'because' }), options);
    expect(text).toMatch(/^ordersync: internal error\n {2}TypeError: x is not a \*\*\* function\n {6}at /);
    expect(text).toContain('caused by: because');
    expect(text).toMatch(/hint: this is a bug in ordersync: please report it .*\n$/);
  });

  it.each([undefined, null, 'text', { odd: true }, 7])('takes %s', (thrown) => {
    expect(renderError(thrown, options)).toMatch(/^ordersync: internal error\n/);
    expect(JSON.parse(renderError(thrown, { ...options, format: 'json' }))).toMatchObject({
      error: { code: 'internal' },
    });
  });

  it('ends on a cause that is its own ancestor', () => {
    const error = new Error('round');
    error.cause = error;
    expect(renderError(error, options).match(/caused by/g)).toHaveLength(7);
  });
});
