import { OrdersyncError } from '../../errors.ts';
import type { Check, CheckOptions, Look, Sighting } from './check.ts';
import { ok } from './check.ts';

type Url = 'exporterUrl' | 'prometheusUrl' | 'grafanaUrl';

/** What is asked of a monitoring service, and what its answer says. */
interface Service {
  readonly url: Url;
  readonly flag: string;
  readonly path: string;
  readonly judge: (body: string) => Sighting;
}

/** An answer longer than this is no answer to these questions. */
const MOST_BYTES = 20_000_000;
const PATIENCE_MS = 5000;

const exporter: Service = {
  url: 'exporterUrl',
  flag: '--exporter-url',
  path: '',
  judge: (body) =>
    /^ordersync_up(?:\{[^}]*\})? 1$/m.test(body)
      ? ok('ordersync_up is 1')
      : bad(
          'there is no ordersync_up 1 in its metrics',
          'ordersync monitor serve has to run, and to reach the database',
        ),
};

const alerts: Service = {
  url: 'prometheusUrl',
  flag: '--prometheus-url',
  path: '/api/v1/rules',
  judge: (body) => {
    const rules = groupsOf(body).flatMap(({ rules: listed }) => listed);
    const ours = rules.filter(({ query = '' }) => query.includes('ordersync_'));
    if (ours.length === 0)
      return bad('no rule is about ordersync_ metrics', 'add the rule file to rule_files of prometheus.yml');
    const failing = ours.filter(({ health }) => health === 'err');
    if (failing.length === 0) return ok(`${ours.length} rules`);
    return bad(
      `${failing.length} of ${ours.length} rules cannot be evaluated`,
      'promtool check rules names what is wrong',
    );
  },
};

const dashboard: Service = {
  url: 'grafanaUrl',
  flag: '--grafana-url',
  path: '/api/search?type=dash-db&query=ordersync',
  judge: (body) => {
    const found = arrayOf(parsed(body)).length;
    return found > 0
      ? ok(`${found} dashboards`)
      : bad('no dashboard is called ordersync', 'import the dashboard into Grafana');
  },
};

const BOX = '모니터링: ';

export const MONITORING_CHECKS: readonly Check[] = [
  {
    id: 'mon.exporter',
    title: 'the Prometheus exporter answers',
    box: `${BOX}Prometheus exporter 설정`,
    profiles: ['pre-deploy'],
    expected: 'the metrics at --exporter-url say that the database is up',
    why: 'what is not measured raises no alarm',
    requires: [],
    look: async (look) => [await ask(look, exporter)],
  },
  {
    id: 'mon.alerts',
    title: 'Prometheus has alert rules about the database',
    box: `${BOX}알림 규칙 설정`,
    profiles: ['pre-deploy'],
    expected: 'the Prometheus at --prometheus-url has rules about ordersync_ metrics, and can evaluate them',
    why: 'a rule that is not loaded wakes nobody',
    requires: [],
    look: async (look) => [await ask(look, alerts)],
  },
  {
    id: 'mon.dashboard',
    title: 'Grafana has the dashboard',
    box: `${BOX}Grafana 대시보드 구성`,
    profiles: ['pre-deploy'],
    expected: 'the Grafana at --grafana-url has a dashboard called ordersync',
    why: 'on-call needs to see what an alarm is about',
    requires: [],
    look: async (look) => [await ask(look, dashboard)],
  },
];

async function ask({ options, signal }: Look, { url: name, flag, path, judge }: Service): Promise<Sighting> {
  const url = options[name];
  if (url === undefined) {
    return unknown('nobody said where it is', { kind: 'doc', text: `give its address with ${flag}` });
  }
  const answer = await get(new URL(path === '' ? url : `${url.replace(/\/$/, '')}${path}`), signal);
  return typeof answer === 'string' ? judge(answer) : answer;
}

/** The body of the answer; what keeps it from coming becomes a sighting. */
async function get(url: URL, signal: AbortSignal): Promise<string | Sighting> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
      redirect: 'error',
    });
    const body = response.ok ? await response.text() : '';
    if (!response.ok)
      return bad(`it answers with HTTP status ${response.status}`, 'open it in a browser, or look at its log');
    return body.length > MOST_BYTES ? bad('its answer is too long', 'this is another service') : body;
  } catch (error) {
    // fetch tells all failures of the network by these two.
    if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
    signal.throwIfAborted();
    return bad('it does not answer', 'start it, or correct the address');
  }
}

interface Rule {
  readonly query?: string;
  readonly health?: string;
}

function groupsOf(body: string): readonly { readonly rules: readonly Rule[] }[] {
  const { data } = (parsed(body) ?? {}) as { readonly data?: { readonly groups?: unknown } };
  return arrayOf(data?.groups).map((group) => ({
    rules: arrayOf((group as { readonly rules?: unknown }).rules).map((rule) => rule as Rule),
  }));
}

function arrayOf(value: unknown): readonly object[] {
  return Array.isArray(value)
    ? value.filter((member): member is object => typeof member === 'object' && member !== null)
    : [];
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function bad(evidence: string, fix: string): Sighting {
  return { severity: 'warning', evidence, fix: { kind: 'doc', text: fix } };
}

function unknown(evidence: string, fix: Sighting['fix']): Sighting {
  return { severity: 'unknown', evidence, fix };
}

/** @throws OrdersyncError `usage` for an address that is no http or https URL, before anything is looked at */
export function requireUrls(options: Pick<CheckOptions, Url>): void {
  for (const { url: name, flag } of [exporter, alerts, dashboard]) {
    const url = options[name];
    if (url === undefined) continue;
    // The address may hold a password and is not repeated.
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new OrdersyncError('usage', `${flag}: this is no http or https address`);
    }
    if (new URL(url).password !== '') {
      throw new OrdersyncError(
        'usage',
        `${flag}: an address with a password can be read by every user of this machine`,
      );
    }
  }
}
