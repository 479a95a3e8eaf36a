import { type Logger, silentLogger } from '../base/logger.js';
import type { FlowMetrics } from './flow-metrics.js';
import type { Histogram } from './histogram.js';
import { type MetricName, metricCatalog } from './metric-catalog.js';
import type { MetricSpec } from './metric-spec.js';
import type { MetricFamily } from './metric-families.js';

/** The part of a `Meter` of `@opentelemetry/api` that is used. That package is only needed by those who pass a meter. */
export interface OtelMeter {
  /** Creates a gauge that is read by a callback. */
  createObservableGauge(name: string, options?: OtelInstrumentOptions): object;
  /** Creates a counter that is read by a callback. */
  createObservableCounter(name: string, options?: OtelInstrumentOptions): object;
  /** Creates a histogram. */
  createHistogram(name: string, options?: OtelInstrumentOptions): OtelHistogram;
  /** Adds a callback that observes several instruments. */
  addBatchObservableCallback(
    callback: (result: OtelBatchResult) => void | Promise<void>,
    observables: object[],
  ): void;
  /** Removes a callback that was added. */
  removeBatchObservableCallback(
    callback: (result: OtelBatchResult) => void | Promise<void>,
    observables: object[],
  ): void;
}

/** Options of an instrument. */
export interface OtelInstrumentOptions {
  /** The help text. */
  description?: string;
  /** The unit in UCUM, e.g. `s` or `By`. Default: none. */
  unit?: string;
}

/** A histogram of a meter. */
export interface OtelHistogram {
  /** Adds one value. */
  record(value: number, attributes?: Record<string, string>): void;
}

/** Takes the values of observable instruments. */
export interface OtelBatchResult {
  /** Reports the current value of one series. */
  observe(instrument: object, value: number, attributes?: Record<string, string>): void;
}

// OpenTelemetry states the unit separately: it is removed from the name.
const UNITS = [
  [/_seconds$/, 's'],
  [/_bytes$/, 'By'],
] as const;

/** Registers the metrics of a worker on a meter of OpenTelemetry until it is disposed. */
export class OtelMetrics implements Disposable {
  readonly #meter: OtelMeter;
  readonly #callback: (result: OtelBatchResult) => Promise<void>;
  readonly #instruments = new Map<MetricName, object>();
  readonly #histograms = new Map<MetricName, OtelHistogram>();
  readonly #logger: Logger;
  #stops: (() => void)[] = [];
  #warned = false;

  /** @param collect - the current metrics; OpenTelemetry reports its rejection */
  constructor(
    meter: OtelMeter,
    collect: () => Promise<readonly MetricFamily[]>,
    logger: Logger = silentLogger,
  ) {
    this.#meter = meter;
    this.#logger = logger;
    for (const [name, spec] of Object.entries(metricCatalog) as [MetricName, MetricSpec][]) {
      const { otelName, unit } = named(name);
      const options = { description: spec.help, ...(unit === undefined ? {} : { unit }) };
      if (spec.type === 'gauge')
        this.#instruments.set(name, meter.createObservableGauge(otelName, options));
      else if (spec.type === 'counter')
        this.#instruments.set(name, meter.createObservableCounter(otelName, options));
      else this.#histograms.set(name, meter.createHistogram(otelName, options));
    }
    const observe = async (result: OtelBatchResult) => {
      for (const { name, samples } of await collect()) {
        const instrument = this.#instruments.get(name);
        if (instrument === undefined) continue;
        for (const { labels, value } of samples) result.observe(instrument, value, { ...labels });
      }
    };
    this.#callback = (result) => {
      const observed = observe(result);
      // A meter that does not wait for it would leave the rejection unhandled, and the worker would drain for it.
      observed.catch((error: unknown) => this.#failed(error));
      return observed;
    };
    meter.addBatchObservableCallback(this.#callback, [...this.#instruments.values()]);
  }

  /** Records the values of histograms as they occur. */
  follow(flow: FlowMetrics): void {
    const forward = (name: MetricName, histogram: Pick<Histogram, 'listen'>) =>
      histogram.listen((labels, value) => this.#record(name, labels, value));
    this.#stops.push(
      forward('openrtc_session_duration_seconds', flow.durations),
      forward('openrtc_availability_answer_seconds', flow.answers),
      forward('openrtc_event_loop_blocked_seconds', flow.blocks),
    );
  }

  // It is called in the middle of a call's end, and of the answer to an offer.
  #record(name: MetricName, labels: Readonly<Record<string, string>>, value: number): void {
    try {
      this.#histograms.get(name)?.record(value, { ...labels });
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#logger.warn(
      { error },
      'the meter failed: values are missing there. Calls are not affected. This is logged once.',
    );
  }

  /** Stops recording and removes the callback. */
  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#meter.removeBatchObservableCallback(this.#callback, [...this.#instruments.values()]);
  }
}

/** The name and unit in OpenTelemetry: `openrtc_cpu_seconds_total` becomes `openrtc.cpu` in `s`. */
function named(name: MetricName): { otelName: string; unit: string | undefined } {
  const short = name.replace(/^openrtc_/, 'openrtc.').replace(/_total$/, '');
  const unit = UNITS.find(([suffix]) => suffix.test(short));
  return unit === undefined
    ? { otelName: short, unit: undefined }
    : { otelName: short.replace(unit[0], ''), unit: unit[1] };
}
