import { OrdersyncError } from '../../errors.ts';

/** A flag is the caller's words (exit 2); anything else is configuration (exit 3). Values are never quoted: they may be secrets. */
export function settingError(origin: string, message: string, hint?: string): OrdersyncError {
  return new OrdersyncError(
    origin.startsWith('flag') ? 'usage' : 'config',
    `${message} (${origin})`,
    hint === undefined ? {} : { hint },
  );
}
