import type { Sample } from './counter.js';
import type { HistogramSample } from './histogram.js';
import { type MetricName, metricCatalog } from './metric-catalog.js';
import type { MetricSpec } from './metric-spec.js';

/** One metric with its current series. */
export interface MetricFamily extends MetricSpec {
  /** The name in the catalog. */
  readonly name: MetricName;
  /** The series of a counter or gauge; empty for a histogram. */
  readonly samples: readonly Sample[];
  /** The series of a histogram; empty for other kinds. */
  readonly histograms: readonly HistogramSample[];
}

type Histograms = {
  [Name in MetricName]: (typeof metricCatalog)[Name]['type'] extends 'histogram' ? Name : never;
}[MetricName];

/** The series of each metric. A metric whose value is unknown has no series. */
export type MetricValues = {
  readonly [Name in MetricName]: Name extends Histograms
    ? readonly HistogramSample[]
    : readonly Sample[];
};

/** All metrics in the order of the catalog. Metrics without a series are left out. */
export function familiesOf(values: MetricValues): readonly MetricFamily[] {
  return (Object.keys(metricCatalog) as MetricName[])
    .map((name): MetricFamily => {
      const spec: MetricSpec = metricCatalog[name];
      const series: readonly (Sample | HistogramSample)[] = values[name];
      return {
        name,
        ...spec,
        samples: series.filter((sample): sample is Sample => !isHistogram(sample)),
        histograms: series.filter(isHistogram),
      };
    })
    .filter(({ samples, histograms }) => samples.length + histograms.length > 0);
}

/** The only series of a metric without labels; none if the value is unknown. */
export function single(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ labels: {}, value }];
}

function isHistogram(sample: Sample | HistogramSample): sample is HistogramSample {
  return 'buckets' in sample;
}
