import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadRegistry } from '../../src/domain/metrics/registry.ts';
import { run } from '../support/io.ts';
import { outside } from '../support/outside.ts';
import { runFile } from '../support/program.ts';

const ROOT = join(import.meta.dirname, '../..');
const RULES = join(ROOT, 'ops/prometheus/ordersync.rules.yml');
const FIXTURES = join(ROOT, 'ops/prometheus/ordersync.rules.test.yml');

const rules = await readFile(RULES, 'utf8');
const fixtures = await readFile(FIXTURES, 'utf8');
const alerts = [...rules.matchAll(/^ {6}- alert: (\w+)$/gm)].map(([, name]) => name ?? '');
const known = new Set((await loadRegistry()).families.map(({ name }) => name));

function unknownMetrics(expressions: readonly string[]): string[] {
  return expressions.flatMap((text) => text.match(/\bordersync_\w+/g) ?? []).filter((name) => !known.has(name));
}

describe('the alert rules', () => {
  it('are many, named once, each with a severity, words and a runbook that is there', async () => {
    expect(alerts.length).toBeGreaterThan(30);
    expect(new Set(alerts).size).toBe(alerts.length);
    const blocks = rules.split(/^ {6}- alert: /m).slice(1);
    const form =
      /^(\w+)\n {8}expr: '.+'\n {8}for: \d+[mhd]\n {8}labels:\n {10}severity: (?:critical|warning|info)\n {8}annotations:\n {10}summary: '.+'\n {10}description: '.+'\n {10}runbook_url: 'docs\/prometheus\.md#(\w+)'\n/;
    expect(blocks.filter((block) => form.exec(block)?.[2] !== form.exec(block)?.[1]?.toLowerCase())).toEqual([]);
    const runbooks = await readFile(join(ROOT, 'docs/prometheus.md'), 'utf8');
    const headings = [...runbooks.matchAll(/^### (\w+)\n\n\S/gm)].map(([, name]) => name);
    expect(headings).toEqual(alerts);
  });

  it('use only metrics of the registry', () => {
    const expressions = [...rules.matchAll(/^ {8}expr: (.*)$/gm)].map(([, expr]) => expr ?? '');
    expect(expressions.length).toBe(alerts.length);
    expect(expressions.filter((expr) => !expr.includes('ordersync_'))).toEqual([]);
    expect(unknownMetrics(expressions)).toEqual([]);
  });

  it('have a fixture each in which they fire, and one in which they do not', () => {
    const cases = fixtures.split(/^ {2}- name: /m).slice(1);
    const named = (words: string, empty: boolean) =>
      cases
        .filter((one) => one.includes(`${words}\n`) && one.includes('exp_alerts: []') === empty)
        .map((one) => /alertname: (\w+)/.exec(one)?.[1]);
    expect(named('fires', false)).toEqual(alerts);
    expect(named('stays quiet', true)).toEqual(alerts);
    expect(unknownMetrics([fixtures])).toEqual([]);
  });

  it('are valid for promtool, fire where they should and stay quiet where they should', async (context) => {
    const promtool = outside('promtool', context);
    expect(await runFile(promtool, ['check', 'rules', RULES])).toMatchObject({ code: 0, stderr: '' });
    expect(await runFile(promtool, ['test', 'rules', FIXTURES])).toMatchObject({ code: 0, stderr: '' });
  });

  it('are held to their fixtures: rules that fire never, or always, fail', async (context) => {
    const promtool = outside('promtool', context);
    const folder = await mkdtemp(join(tmpdir(), 'ordersync-rules-'));
    onTestFinished(async () => rm(folder, { recursive: true }));
    // These rules do not look at time: fewer evaluations say the same.
    await writeFile(join(folder, 'test.yml'), fixtures.replace('evaluation_interval: 5m', 'evaluation_interval: 1h'));
    for (const expr of ['absent(vector(1))', 'vector(1)']) {
      await writeFile(join(folder, 'ordersync.rules.yml'), rules.replaceAll(/expr: '.*'$/gm, `expr: '${expr}'`));
      const { code, stderr } = await runFile(promtool, ['test', 'rules', join(folder, 'test.yml')]);
      expect(code).toBe(1);
      expect(alerts.filter((name) => !stderr.includes(`alertname: ${name},`))).toEqual([]);
    }
  });

  it('are printed by monitor rules, with the runbooks where a team keeps them', async () => {
    expect((await run(['monitor', 'rules'])).stdout).toBe(rules);
    const { code, stdout } = await run(['monitor', 'rules', '--runbooks', 'https://wiki.example/a$&b']);
    expect(code).toBe(0);
    expect(stdout.match(/runbook_url: 'https:\/\/wiki\.example\/a\$&b#\w+'/g)?.length).toBe(alerts.length);
    expect(await run(['monitor', 'rules', '--runbooks', "x'y"])).toMatchObject({ code: 2, stdout: '' });
  });
});

interface Panel {
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
}

interface Dashboard {
  readonly editable: boolean;
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly panels: readonly Panel[];
}

describe('the dashboard', async () => {
  const { code, stdout } = await run(['monitor', 'dashboard']);
  const model = JSON.parse(stdout) as Dashboard;
  const panels = model.panels.filter(({ type }) => type !== 'row');
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

  it('uses only metrics of the registry, each for the chosen job and instance', () => {
    expect(code).toBe(0);
    expect(panels.length).toBeGreaterThan(30);
    expect(unknownMetrics(expressions)).toEqual([]);
    const selectors = expressions.flatMap((expr) => [...expr.matchAll(/\bordersync_\w+(\{[^}]*\})?/g)]);
    expect(selectors.length).toBeGreaterThan(40);
    expect(selectors.filter(([, labels]) => !labels?.includes('job=~"$job", instance=~"$instance"'))).toEqual([]);
  });

  it('keeps to the rules of the dashboard linter', () => {
    expect(model.editable).toBe(false);
    expect(model.templating.list.map(({ name }) => name)).toEqual(['datasource', 'job', 'instance']);
    expect(panels.filter(({ title, description }) => !title || !description)).toEqual([]);
    expect(panels.filter(({ fieldConfig }) => !fieldConfig?.defaults.unit)).toEqual([]);
    expect(panels.filter(({ datasource }) => datasource?.uid !== '${datasource}')).toEqual([]);
    expect(expressions.filter((expr) => /\brate\(/.test(expr) && !expr.includes('[$__rate_interval]'))).toEqual([]);
    const counters = expressions.filter((expr) => /_total\b/.test(expr) && !/(?:rate|increase)\(/.test(expr));
    expect(counters).toEqual([]);
  });

  it('has panels that lie beside and below each other, and not on each other', () => {
    const taken = new Set<string>();
    for (const { gridPos: at } of model.panels) {
      for (let x = at.x; x < at.x + at.w; x += 1) {
        for (let y = at.y; y < at.y + at.h; y += 1) {
          expect(x).toBeLessThan(24);
          expect(taken.has(`${x} ${y}`)).toBe(false);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });

  it('has expressions that Prometheus can read', async (context) => {
    const promtool = outside('promtool', context);
    const folder = await mkdtemp(join(tmpdir(), 'ordersync-dashboard-'));
    onTestFinished(async () => rm(folder, { recursive: true }));
    const file = join(folder, 'expressions.yml');
    const recording = expressions.map((expr, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    // JSON is YAML.
    await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: recording }] }));
    expect(await runFile(promtool, ['check', 'rules', file])).toMatchObject({ code: 0, stderr: '' });
  });
});
