import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

import { metricCatalog } from './metric-catalog.js';
import type { MetricSpec } from './metric-spec.js';

const specs = Object.entries(metricCatalog) as [string, MetricSpec][];

test('docs/metrics.md lists exactly the metrics of the catalog', async () => {
  const text = await readFile(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `openrtc_'));
  expect(rows).toEqual(
    specs.map(([name, { type, labels, help }]) => {
      const by = labels.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${type} | ${by} | ${help} |`;
    }),
  );
});

test.each(specs)('%s is named as Prometheus has it', (name, { type }) => {
  expect(name).toMatch(/^openrtc_[a-z_]+$/);
  expect(name.endsWith('_total')).toBe(type === 'counter');
});

test('no label has a value that a caller can choose', () => {
  const labels = new Set(specs.flatMap(([, spec]) => spec.labels));
  for (const theirs of ['room', 'tenant', 'job', 'session', 'participant'])
    expect(labels).not.toContain(theirs);
});

test.each(['openrtc.rules.yml', 'grafana.json'])(
  'docs/deploy/%s asks for metrics there are',
  async (name) => {
    const text = await readFile(
      new URL(`../../../../docs/deploy/${name}`, import.meta.url),
      'utf8',
    );
    const asked = new Set(text.match(/\bopenrtc_[a-z_]+/g));
    expect(asked.size).toBeGreaterThan(5);
    for (const series of asked) {
      const known = specs.find(([metric, { type }]) =>
        type === 'histogram'
          ? ['_bucket', '_sum', '_count'].some((part) => series === `${metric}${part}`)
          : series === metric,
      );
      expect(known, series).toBeDefined();
    }
  },
);
