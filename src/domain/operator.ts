import { hostname, userInfo } from 'node:os';

/** Who runs this process, and where. */
export function operator(): { readonly os_user: string; readonly host: string } {
  return { os_user: osUser(), host: hostname() };
}

/** Containers may run as a user id that has no name. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return 'unknown';
  }
}
