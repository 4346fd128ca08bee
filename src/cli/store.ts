import type { Clock, Context, StoreRequest } from '../context.ts';
import { OrdersyncError } from '../errors.ts';
import type { ObjectStore } from '../store/store.ts';
import type { Configuration } from './config.ts';
import type { Io } from './io.ts';
import { resolveStoreSettings } from './store-settings.ts';

export interface StoreOwner extends Pick<Context, 'store'> {
  close(): Promise<void>;
}

export interface StoreNeeds {
  readonly configuration: () => Promise<Configuration>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Stores are opened at the first need; one for equal requests. */
export function createStores(io: Io, needs: StoreNeeds): StoreOwner {
  const opened = new Map<string, Promise<ObjectStore>>();
  return {
    store: (request = {}) => {
      const name = JSON.stringify(request);
      const store = opened.get(name) ?? openStore(io, needs, request);
      opened.set(name, store);
      return store;
    },
    close: async () => {
      for (const store of await Promise.allSettled(opened.values()))
        if (store.status === 'fulfilled') store.value.close();
    },
  };
}

async function openStore(io: Io, needs: StoreNeeds, request: StoreRequest): Promise<ObjectStore> {
  const settings = resolveStoreSettings(io, await needs.configuration(), request);
  if (settings === undefined) {
    throw new OrdersyncError('config', 'no place for archives is configured', {
      hint: `give ${request.option ?? '--to'}, ORDERSYNC_ARCHIVE, or "archive" of the environment in ordersync.config.json: a directory or s3://bucket/prefix`,
    });
  }
  if (settings.kind === 'directory') {
    if (request.objectLock !== undefined) {
      throw new OrdersyncError('usage', 'a directory has no object lock', { hint: 'name s3://bucket/prefix' });
    }
    const { openDirectoryStore } = await import('../store/directory.ts');
    return openDirectoryStore({ path: settings.path, clock: needs.clock });
  }
  const { createS3Store } = await import('../store/s3/store.ts');
  const { bucket, prefix, region, endpoint, profile } = settings;
  const { clock, signal } = needs;
  const connection = { region, endpoint, profile };
  return createS3Store(
    { clock, signal, random: Math.random },
    { bucket, prefix, objectLock: request.objectLock, ...connection },
  );
}
