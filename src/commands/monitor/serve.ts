import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { isLoopback, parseListen } from '../../domain/metrics/listen.ts';
import { loadRegistry } from '../../domain/metrics/registry.ts';
import { createScraper } from '../../domain/metrics/scraper.ts';
import { serveMetrics } from '../../domain/metrics/serve.ts';
import { readToken } from '../../domain/metrics/token.ts';
import { OrdersyncError } from '../../errors.ts';
import { COLLECTOR_OPTIONS } from './collectors.ts';

export const serve = defineCommand({
  name: 'serve',
  summary: 'answer Prometheus: /metrics and /healthz over HTTP, until it is interrupted',
  description:
    'Listens on the loopback unless --listen says otherwise, which needs a --token-file. When the server is down the answer is still 200, with ' +
    'ordersync_up 0; the connection is made again as soon as it can be. Ctrl-C gives the answers under way and ends.',
  options: {
    listen: option.text('address and port', { placeholder: 'host:port', default: '127.0.0.1:9187' }),
    tokenFile: option.text('file with the bearer token that /metrics asks for', { placeholder: 'file' }),
    cache: option.duration('how long an answer is given again', { default: 15_000 }),
    deadline: option.duration('how long one answer may take; below the scrape_timeout of Prometheus', {
      default: 9000,
    }),
    ...COLLECTOR_OPTIONS,
  },
  examples: [
    'ordersync monitor serve',
    'ordersync monitor serve --listen 10.0.0.5:9187 --token-file /run/secrets/ordersync-metrics',
  ],
  run: async function* (ctx, request) {
    const listen = parseListen(request.listen);
    if (!isLoopback(listen) && request.tokenFile === undefined) {
      throw new OrdersyncError('usage', `${request.listen} can be reached from outside, and no token is asked for`, {
        hint: 'add --token-file, or listen on 127.0.0.1 behind a proxy that lets in whom it knows',
      });
    }
    const token = request.tokenFile === undefined ? undefined : await readToken(request.tokenFile);
    const registry = await loadRegistry({ collect: request.collect, skip: request.skip });
    const scraper = createScraper(
      { clock: ctx.clock, signal: ctx.signal, open: () => ctx.db.open({}) },
      { registry, timeoutMs: request.timeout, deadlineMs: request.deadline, cacheMs: request.cache },
    );
    return yield* serveMetrics(ctx, scraper, { listen, token });
  },
  present: () => ({ command: 'monitor serve', columns: [], rows: [] }),
});
