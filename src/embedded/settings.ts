import { OrdersyncError } from '../errors.ts';

export type Settings = Readonly<Record<string, string>>;

/** Lines for postgresql.conf; later ones win, so the caller's come last. */
export function renderSettings(socketDir: string, listen: 'socket' | 'loopback', wanted: Settings): string {
  const settings: Settings = {
    listen_addresses: listen === 'loopback' ? '127.0.0.1' : '',
    // A list: the quotes keep a comma or a blank in the path.
    unix_socket_directories: `"${socketDir.replaceAll('"', '""')}"`,
    // Files in the data directory instead of /dev/shm: a killed server leaves nothing there, and containers have it small.
    dynamic_shared_memory_type: 'mmap',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...wanted,
  };
  return `\n${Object.entries(settings).map(renderLine).join('\n')}\n`;
}

function renderLine([name, value]: [string, string]): string {
  if (!/^[A-Za-z_][A-Za-z0-9_.]*$/.test(name) || /[\r\n]/.test(value)) {
    throw new OrdersyncError('usage', `${JSON.stringify(name)} is not a setting of one line`, {
      hint: 'give settings as name and value, as in postgresql.conf',
    });
  }
  return `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
