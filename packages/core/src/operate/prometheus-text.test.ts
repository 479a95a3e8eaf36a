import { expect, test } from 'vitest';

import { Counter } from './counter.js';
import { Histogram } from './histogram.js';
import type { MetricFamily } from './metric-families.js';
import { prometheusText } from './prometheus-text.js';

const family = (given: Partial<MetricFamily>): MetricFamily => ({
  name: 'openrtc_sessions_active',
  type: 'gauge',
  help: 'Live calls.',
  labels: ['agent'],
  samples: [],
  histograms: [],
  ...given,
});

test('a metric has its help text, its kind and its series', () => {
  const calls = new Counter();
  calls.add({ agent: 'sales' });
  calls.add({ agent: 'sales' }, 2);
  calls.add({ agent: 'support' });
  expect(prometheusText([family({ samples: calls.samples })])).toBe(
    [
      '# HELP openrtc_sessions_active Live calls.',
      '# TYPE openrtc_sessions_active gauge',
      'openrtc_sessions_active{agent="sales"} 3',
      'openrtc_sessions_active{agent="support"} 1',
      '',
    ].join('\n'),
  );
});

test('each bucket of a histogram includes the smaller ones, and values above the last bucket are counted', () => {
  const durations = new Histogram([1, 5]);
  for (const value of [0.5, 1, 3, 60]) durations.record({ agent: 'sales' }, value);
  const text = prometheusText([
    family({
      name: 'openrtc_session_duration_seconds',
      type: 'histogram',
      histograms: durations.samples,
    }),
  ]);
  expect(text.split('\n').slice(2)).toEqual([
    'openrtc_session_duration_seconds_bucket{agent="sales",le="1"} 2',
    'openrtc_session_duration_seconds_bucket{agent="sales",le="5"} 3',
    'openrtc_session_duration_seconds_bucket{agent="sales",le="+Inf"} 4',
    'openrtc_session_duration_seconds_sum{agent="sales"} 64.5',
    'openrtc_session_duration_seconds_count{agent="sales"} 4',
    '',
  ]);
});

test('a series is one line, whatever its labels contain', () => {
  const samples = [{ labels: { agent: 'a"b\\c\nd' }, value: 1 }];
  expect(prometheusText([family({ samples })])).toContain('{agent="a\\"b\\\\c\\nd"} 1\n');
});

test('a metric without labels has no brackets', () => {
  const samples = [{ labels: {}, value: 0.25 }];
  expect(prometheusText([family({ samples })])).toContain('openrtc_sessions_active 0.25\n');
});

test('a listener gets the values of a histogram until it is removed', () => {
  const durations = new Histogram([1]);
  const heard: number[] = [];
  const stop = durations.listen((_labels, value) => heard.push(value));
  durations.record({}, 2);
  stop();
  durations.record({}, 3);
  expect(heard).toEqual([2]);
});
