import type { DataKey } from '../crypto/secret.ts';
import type { KeyStore, WrappedKey } from './keystore.ts';

/**
 * The same store, unwrapping each key once per process however often and from wherever it is asked for. The keys it
 * hands out are shared: nobody but `close` destroys them.
 */
export function unwrapOnce(store: KeyStore): KeyStore {
  const known = new Map<string, Promise<DataKey>>();
  return {
    ...store,
    unwrap: (key) => {
      const name = nameOf(key);
      const earlier = known.get(name);
      if (earlier !== undefined) return earlier;
      const unwrapped = store.unwrap(key).catch((error: unknown) => {
        // A failure is not remembered: the next one who asks may find KMS well again.
        known.delete(name);
        throw error;
      });
      known.set(name, unwrapped);
      return unwrapped;
    },
    close: () => {
      // Whoever asked for a key that could not be unwrapped was told then.
      for (const unwrapped of known.values())
        void unwrapped.then(
          (key) => key.destroy(),
          () => undefined,
        );
      known.clear();
      store.close();
    },
  };
}

function nameOf({ wrapped, providerKey, context }: WrappedKey): string {
  return JSON.stringify([providerKey, wrapped, Object.entries(context).sort(([one], [two]) => (one < two ? -1 : 1))]);
}
