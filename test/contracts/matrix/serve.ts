import { waitFor } from '../../support/wait.ts';
import type { Place, Role } from './place.ts';

/** What `monitor serve` answers at /metrics, before it is interrupted. */
export async function serveOnce(place: Place, role: Role): Promise<string> {
  const heard: { interrupt?: (signal: 'SIGINT') => void; told: string } = { told: '' };
  const served = place.ordersync(role, 'monitor serve --listen 127.0.0.1:0', {
    onListen: (deliver) => (heard.interrupt = deliver),
    onStderr: (text) => (heard.told = text),
  });
  try {
    const base = (): string | undefined => /http:\/\/127\.0\.0\.1:\d+/.exec(heard.told)?.[0];
    await waitFor(
      () => base() !== undefined,
      () => `an address in ${heard.told}`,
    );
    return await (await fetch(`${base()}/metrics`)).text();
  } finally {
    heard.interrupt?.('SIGINT');
    await served;
  }
}
