import type { Meter as RealMeter } from '@opentelemetry/api';
import { DataPointType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';

import { FlowMetrics } from './flow-metrics.js';
import type { MetricFamily } from './metric-families.js';
import { type OtelBatchResult, type OtelMeter, OtelMetrics } from './otel-metrics.js';

/** Records the instruments that were created. */
class Meter implements OtelMeter {
  readonly units = new Map<string, string | undefined>();
  readonly recorded: [string, number, object | undefined][] = [];
  callback: ((result: OtelBatchResult) => void | Promise<void>) | undefined;

  createObservableGauge(name: string, options?: { unit?: string }): object {
    return this.#make(name, options);
  }

  createObservableCounter(name: string, options?: { unit?: string }): object {
    return this.#make(name, options);
  }

  createHistogram(name: string, options?: { unit?: string }) {
    this.#make(name, options);
    return {
      record: (value: number, attributes?: object) =>
        void this.recorded.push([name, value, attributes]),
    };
  }

  addBatchObservableCallback(callback: NonNullable<Meter['callback']>): void {
    this.callback = callback;
  }

  removeBatchObservableCallback(callback: NonNullable<Meter['callback']>): void {
    if (this.callback === callback) this.callback = undefined;
  }

  async observe(): Promise<readonly unknown[]> {
    const seen: unknown[] = [];
    await this.callback?.({
      observe: (instrument, value, attributes) => void seen.push([instrument, value, attributes]),
    });
    return seen;
  }

  #make(name: string, options?: { unit?: string }): { readonly name: string } {
    this.units.set(name, options?.unit);
    return { name };
  }
}

const families: readonly MetricFamily[] = [
  {
    name: 'openrtc_sessions_active',
    type: 'gauge',
    help: '',
    labels: ['agent'],
    samples: [{ labels: { agent: 'sales' }, value: 3 }],
    histograms: [],
  },
];

/** Collects on request. */
class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

test('it works with the Meter of OpenTelemetry, and its reader gets the known values', async () => {
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  const meter: RealMeter = provider.getMeter('openrtc');
  const flow = new FlowMetrics();
  const metrics = new OtelMetrics(meter, async () => families);
  metrics.follow(flow);
  flow.durations.record({ agent: 'sales' }, 12);
  const { resourceMetrics, errors } = await reader.collect();
  expect(errors).toEqual([]);
  const found = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  const of = (name: string) => found.find(({ descriptor }) => descriptor.name === name);
  expect(of('openrtc.sessions_active')?.dataPoints).toMatchObject([
    { value: 3, attributes: { agent: 'sales' } },
  ]);
  expect(of('openrtc.session_duration')).toMatchObject({
    dataPointType: DataPointType.HISTOGRAM,
    descriptor: { unit: 's' },
    dataPoints: [{ value: { sum: 12, count: 1 }, attributes: { agent: 'sales' } }],
  });
  metrics[Symbol.dispose]();
  await provider.shutdown();
});

test('every metric is an instrument, with its unit in the place OpenTelemetry has for it', () => {
  const meter = new Meter();
  new OtelMetrics(meter, async () => []);
  expect(Object.fromEntries(meter.units)).toMatchObject({
    'openrtc.sessions_active': undefined,
    'openrtc.sessions_accepted': undefined,
    'openrtc.cpu': 's',
    'openrtc.session_duration': 's',
    'openrtc.resident_memory': 'By',
  });
});

test('known values are observed at each collection', async () => {
  const meter = new Meter();
  using _metrics = new OtelMetrics(meter, async () => families);
  expect(await meter.observe()).toEqual([
    [{ name: 'openrtc.sessions_active' }, 3, { agent: 'sales' }],
  ]);
});

test('values of histograms are recorded as they occur, until it is disposed', async () => {
  const meter = new Meter();
  const flow = new FlowMetrics();
  const metrics = new OtelMetrics(meter, async () => families);
  metrics.follow(flow);
  flow.durations.record({ agent: 'sales' }, 12);
  metrics[Symbol.dispose]();
  flow.durations.record({ agent: 'sales' }, 13);
  expect(meter.recorded).toEqual([['openrtc.session_duration', 12, { agent: 'sales' }]]);
  expect(await meter.observe()).toEqual([]);
});
