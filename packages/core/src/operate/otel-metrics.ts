import type { FlowMetrics } from './flow-metrics.js';
import type { Histogram } from './histogram.js';
import { type MetricName, type MetricSpec, metricCatalog } from './metric-catalog.js';
import type { MetricFamily } from './metric-families.js';

/** What is used of a `Meter` of `@opentelemetry/api`, so that nobody needs that package who has no meter. */
export interface OtelMeter {
  createObservableGauge(name: string, options?: OtelInstrumentOptions): object;
  createObservableCounter(name: string, options?: OtelInstrumentOptions): object;
  createHistogram(name: string, options?: OtelInstrumentOptions): OtelHistogram;
  addBatchObservableCallback(
    callback: (result: OtelBatchResult) => void | Promise<void>,
    observables: object[],
  ): void;
  removeBatchObservableCallback(
    callback: (result: OtelBatchResult) => void | Promise<void>,
    observables: object[],
  ): void;
}

export interface OtelInstrumentOptions {
  description?: string;
  unit?: string;
}

export interface OtelHistogram {
  record(value: number, attributes?: Record<string, string>): void;
}

export interface OtelBatchResult {
  observe(instrument: object, value: number, attributes?: Record<string, string>): void;
}

// The catalog's name without what is the unit's or the kind's to say.
const UNITS = [
  [/_seconds$/, 's'],
  [/_bytes$/, 'By'],
] as const;

/** The instruments of a worker on a meter of OpenTelemetry, until it is disposed of. */
export class OtelMetrics implements Disposable {
  readonly #meter: OtelMeter;
  readonly #callback: (result: OtelBatchResult) => Promise<void>;
  readonly #instruments = new Map<MetricName, object>();
  readonly #histograms = new Map<MetricName, OtelHistogram>();
  #stops: (() => void)[] = [];

  /** @param collect - what it rejects with is for the reader of OpenTelemetry to report */
  constructor(meter: OtelMeter, collect: () => Promise<readonly MetricFamily[]>) {
    this.#meter = meter;
    for (const [name, spec] of Object.entries(metricCatalog) as [MetricName, MetricSpec][]) {
      const { otelName, unit } = named(name);
      const options = { description: spec.help, ...(unit === undefined ? {} : { unit }) };
      if (spec.type === 'gauge')
        this.#instruments.set(name, meter.createObservableGauge(otelName, options));
      else if (spec.type === 'counter')
        this.#instruments.set(name, meter.createObservableCounter(otelName, options));
      else this.#histograms.set(name, meter.createHistogram(otelName, options));
    }
    this.#callback = async (result) => {
      for (const { name, samples } of await collect()) {
        const instrument = this.#instruments.get(name);
        if (instrument === undefined) continue;
        for (const { labels, value } of samples) result.observe(instrument, value, { ...labels });
      }
    };
    meter.addBatchObservableCallback(this.#callback, [...this.#instruments.values()]);
  }

  /** Values of histograms are told as they come. */
  follow(flow: FlowMetrics): void {
    const tell = (name: MetricName, histogram: Pick<Histogram, 'listen'>) =>
      histogram.listen((labels, value) => this.#histograms.get(name)?.record(value, { ...labels }));
    this.#stops.push(
      tell('openrtc_session_duration_seconds', flow.durations),
      tell('openrtc_availability_answer_seconds', flow.answers),
      tell('openrtc_event_loop_blocked_seconds', flow.blocks),
    );
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#meter.removeBatchObservableCallback(this.#callback, [...this.#instruments.values()]);
  }
}

/** `openrtc_cpu_seconds_total` is `openrtc.cpu` in `s`. */
function named(name: MetricName): { otelName: string; unit: string | undefined } {
  const short = name.replace(/^openrtc_/, 'openrtc.').replace(/_total$/, '');
  const unit = UNITS.find(([suffix]) => suffix.test(short));
  return unit === undefined
    ? { otelName: short, unit: undefined }
    : { otelName: short.replace(unit[0], ''), unit: unit[1] };
}
