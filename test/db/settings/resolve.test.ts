import { describe, expect, it } from 'vitest';
import { findPassword } from '../../../src/db/settings/password-file.ts';
import { fromUrl, machine, originOf, refusal, resolve, type Env } from './machine.ts';

describe('who decides', () => {
  const env: Env = {
    DATABASE_URL: 'postgres://low:lowpass@low/lowdb',
    PGHOST: 'pg',
    PGPORT: '6000',
    PGUSER: 'pguser',
    PGPASSWORD: 'pgpass',
    PGDATABASE: 'pgdb',
  };

  it('a flag over the URL, the URL over PG*, PG* over the project file', () => {
    const project = {
      settings: { host: 'file', dbname: 'filedb', sslmode: 'require' },
      origin: '/x/ordersync.config.json',
    };
    const settings = resolve({ flags: { host: 'flag' }, env: { PGPORT: '6000' }, project });
    expect(settings).toMatchObject({
      database: 'filedb',
      hosts: [{ host: 'flag', port: 6000 }],
      tls: { mode: 'require' },
    });
    expect(originOf(settings, 'host')).toBe('flag --host');
    expect(originOf(settings, 'port')).toBe('environment PGPORT');
    expect(originOf(settings, 'dbname')).toBe('/x/ordersync.config.json');
    expect(originOf(settings, 'user')).toBe('default: the operating system user');
    expect(resolve({ env, project }).database).toBe('lowdb');
  });

  it('one connection string only: the password of one never goes to the host of another', () => {
    const settings = resolve({ flags: { url: 'postgres://prod/orders' }, env: { DATABASE_URL: env['DATABASE_URL'] } });
    expect(settings).toMatchObject({ user: 'min', password: undefined, hosts: [{ host: 'prod' }] });
    const project = { settings: { url: 'postgres://file:filepass@file/filedb' }, origin: 'p' };
    expect(resolve({ env: { DATABASE_URL: 'postgres://h/db' }, project })).toMatchObject({
      password: undefined,
      user: 'min',
    });
  });

  it('ORDERSYNC_DATABASE_URL over DATABASE_URL', () => {
    const settings = resolve({ env: { ...env, ORDERSYNC_DATABASE_URL: 'postgres://own/owndb' } });
    expect(settings).toMatchObject({ database: 'owndb', user: 'pguser', hosts: [{ host: 'own', port: 6000 }] });
    expect(originOf(settings, 'dbname')).toBe('environment ORDERSYNC_DATABASE_URL');
    expect(originOf(settings, 'password')).toBe('environment PGPASSWORD');
    expect(JSON.stringify(settings)).not.toContain('pgpass');
  });

  it('nobody invents a database', () => {
    const error = refusal({ env: { PGHOST: 'h' } });
    expect(error).toMatchObject({ code: 'config', message: 'no database given' });
    for (const way of ['--url', '--dbname', 'DATABASE_URL', 'PGDATABASE', 'ordersync.config.json']) {
      expect(error.details.hint).toContain(way);
    }
  });

  it('the socket of a local server when no host is given', () => {
    const files = machine({ '/var/run/postgresql/.s.PGSQL.5432': '' });
    expect(resolve({ flags: { dbname: 'db' }, files }).hosts).toMatchObject([{ host: '/var/run/postgresql' }]);
  });
});

describe('a service', () => {
  const files = machine({
    '/home/min/.pg_service.conf':
      '# services\n[other]\nhost=no\n\n[orders]\nhost=svc\nport=7000\ndbname=orders\nuser=svc\npassword=s p\n[last]\n',
    '/etc/postgresql-common/pg_service.conf': '[shared]\nhost=shared\ndbname=shared\n',
    '/bad.conf': '[orders]\nhots=x\n',
  });

  it('outranks PG* variables and yields to what the connection string says', () => {
    const settings = resolve({
      flags: { url: 'service=orders user=me' },
      env: { PGHOST: 'pg', PGAPPNAME: 'app' },
      files,
    });
    expect(settings).toMatchObject({
      user: 'me',
      database: 'orders',
      label: 'app',
      hosts: [{ host: 'svc', port: 7000 }],
    });
    expect(settings.password?.reveal()).toBe('s p');
    expect(originOf(settings, 'host')).toBe('service file /home/min/.pg_service.conf [orders]');
  });

  it('named by PGSERVICE is looked up in the system too', () => {
    expect(resolve({ env: { PGSERVICE: 'shared' }, files }).hosts).toMatchObject([{ host: 'shared' }]);
  });

  it('named by the project file yields to PG* variables', () => {
    const project = { settings: { service: 'orders' }, origin: 'p' };
    expect(resolve({ env: { PGHOST: 'pg' }, project, files })).toMatchObject({
      database: 'orders',
      hosts: [{ host: 'pg', port: 7000 }],
    });
  });

  it('that is not there is an error that says where it was looked for', () => {
    expect(refusal({ env: { PGSERVICE: 'nope' }, files })).toMatchObject({
      code: 'config',
      message: 'service "nope" is not defined (environment PGSERVICE)',
    });
    expect(refusal({ env: { PGSERVICE: 'orders', PGSERVICEFILE: '/none' }, files }).message).toContain(
      '/none does not exist',
    );
    expect(refusal({ env: { PGSERVICE: 'orders', PGSERVICEFILE: '/bad.conf' }, files }).message).toBe(
      'connection parameter "hots" is unknown (service file /bad.conf, line 2)',
    );
  });
});

describe('a password file', () => {
  const text = String.raw`# first match counts
db\:1:5432:orders:min:with\:colon\\
*:5432:*:min:general
localhost:*:*:min:local
*:*:*:*:last`;
  const url = 'postgres://min@h/orders';

  it('gives the first entry that fits, with escapes and wildcards', () => {
    const { passwordEntries } = resolve({ flags: { url }, files: machine({ '/home/min/.pgpass': text }) });
    const find = (host: string, port: number, database: string, user: string): string | undefined =>
      findPassword(passwordEntries, { host, port, database, user })?.reveal();
    expect(find('db:1', 5432, 'orders', 'min')).toBe('with:colon\\');
    expect(find('h', 5432, 'other', 'min')).toBe('general');
    expect(find('/var/run/postgresql', 6000, 'x', 'min')).toBe('local');
    expect(find('/other/folder', 6000, 'x', 'min')).toBe('last');
  });

  it.each([
    ['others may read', { text, mode: 0o640 }, 'chmod 600'],
    ['is no plain file', { regular: false }, 'not a plain file'],
  ])('that %s is not used, with a warning', (_what, file, part) => {
    const warnings: string[] = [];
    const files = machine({ '/p': file });
    const settings = resolve({
      flags: { url },
      env: { PGPASSFILE: '/p' },
      files,
      warn: (warning) => warnings.push(warning),
    });
    expect(settings.passwordEntries).toEqual([]);
    expect(warnings.join()).toContain(part);
  });

  it('is not read when a password is given', () => {
    const files = machine({ '/home/min/.pgpass': { text, mode: 0o666 } });
    const warnings: string[] = [];
    resolve({ flags: { url }, env: { PGPASSWORD: 'x' }, files, warn: (warning) => warnings.push(warning) });
    expect(warnings).toEqual([]);
  });
});

describe('a setting that cannot be honoured', () => {
  it.each([
    { PGCHANNELBINDING: 'require' },
    { PGGSSENCMODE: 'require' },
    { PGREQUIREAUTH: 'scram-sha-256' },
    { PGSSLMODE: 'bogus' },
    { PGTARGETSESSIONATTRS: 'sometimes' },
    { PGOPTIONS: '-B 100' },
    { PGCONNECT_TIMEOUT: 'soon' },
    { PGSSLMODE: 'require', PGSSLROOTCERT: 'system' },
    { PGSSLNEGOTIATION: 'direct' },
    { PGLOADBALANCEHOSTS: 'random' },
  ])('is refused: %o', (env: Env) => {
    expect(refusal({ flags: { dbname: 'db' }, env }).code).toBe('config');
  });

  it('but harmless is a warning', () => {
    const warnings: string[] = [];
    resolve({ flags: { url: 'postgres://h/db?keepalives_interval=5' }, warn: (warning) => warnings.push(warning) });
    expect(warnings).toHaveLength(1);
  });
});

describe('the rest', () => {
  it('options become settings', () => {
    const { serverSettings } = fromUrl('postgres://h/db', {
      PGOPTIONS: String.raw`-c work_mem=64MB --search-path=a,b -capp.note=x\ y`,
    });
    expect(serverSettings).toEqual([
      ['work_mem', '64MB'],
      ['search_path', 'a,b'],
      ['app.note', 'x y'],
    ]);
  });

  it('waits ten seconds, as long as told, or for ever', () => {
    expect(fromUrl('postgres://h/db').connectTimeoutMs).toBe(10_000);
    expect(fromUrl('postgres://h/db?connect_timeout=3').connectTimeoutMs).toBe(3000);
    expect(fromUrl('postgres://h/db?connect_timeout=0').connectTimeoutMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('sslrootcert=system means verify-full, and a root certificate at home makes require verify', () => {
    expect(fromUrl('postgres://h/db?sslrootcert=system').tls.mode).toBe('verify-full');
    const files = machine({ '/home/min/.postgresql/root.crt': '' });
    expect(resolve({ flags: { url: 'postgres://h/db?sslmode=require' }, files }).tls).toMatchObject({
      mode: 'verify-ca',
      rootCertificate: '/home/min/.postgresql/root.crt',
    });
  });
});
