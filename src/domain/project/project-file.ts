import { writeFile } from 'node:fs/promises';
import { OrdersyncError } from '../../errors.ts';

const FIRST_FILE = {
  $schema: './node_modules/ordersync/docs/ordersync.config.schema.json',
  defaultEnvironment: 'dev',
  environments: {
    dev: { host: 'localhost', dbname: 'ordersync' },
    prod: { host: 'db.example', dbname: 'ordersync', user: 'ordersync_owner', sslmode: 'verify-full', protected: true },
  },
};

/** Writes a first project file; one that exists is never overwritten. No member of it holds a password. */
export async function writeProjectFile(file: string): Promise<{ readonly file: string }> {
  try {
    await writeFile(file, `${JSON.stringify(FIRST_FILE, undefined, 2)}\n`, { flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new OrdersyncError('precondition', `${file} exists already, and stays as it is`);
    throw new OrdersyncError('config', `cannot write ${file}: ${code ?? 'unknown error'}`, { cause: error });
  }
  return { file };
}
