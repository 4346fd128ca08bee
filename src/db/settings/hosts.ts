import type { SettingsFiles } from './files.ts';
import { SOCKET_FOLDERS } from './password-file.ts';
import { settingError } from './setting-error.ts';
import type { HostSettings } from './types.ts';
import type { Values } from './values.ts';

const DEFAULT_PORT = 5432;

/** Pairs the lists of hosts, addresses and ports as libpq does: one port for all, or one for each. */
export function hostsOf(values: Values, files: SettingsFiles): HostSettings[] {
  const hosts = listOf(values, 'host');
  const addresses = listOf(values, 'hostaddr');
  const ports = listOf(values, 'port');
  const count = Math.max(hosts.length, addresses.length, 1);
  if (hosts.length > 0 && addresses.length > 0 && hosts.length !== addresses.length) {
    throw settingError(
      values.get('hostaddr')?.origin ?? '',
      `${addresses.length} addresses are given for ${hosts.length} hosts`,
    );
  }
  if (ports.length > 1 && ports.length !== count) {
    throw settingError(values.get('port')?.origin ?? '', `${ports.length} ports are given for ${count} hosts`);
  }
  return Array.from({ length: count }, (_, index) => {
    const port = portOf(ports.length === 1 ? ports[0] : ports[index], values);
    const address = addresses[index] || undefined;
    const host = hosts[index] || address || defaultHost(port, files);
    return { host, address, port };
  });
}

function listOf(values: Values, keyword: string): string[] {
  const value = values.get(keyword)?.value;
  return value ? value.split(',').map((part) => part.trim()) : [];
}

function portOf(text: string | undefined, values: Values): number {
  if (!text) return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw settingError(values.get('port')?.origin ?? '', 'the port is not a number from 1 to 65535');
}

/** libpq has one folder compiled in; here the first in which a server listens, else the loopback. */
function defaultHost(port: number, files: SettingsFiles): string {
  return SOCKET_FOLDERS.find((folder) => files.exists(`${folder}/.s.PGSQL.${port}`)) ?? 'localhost';
}
