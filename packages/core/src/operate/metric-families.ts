import type { Sample } from './counter.js';
import type { HistogramSample } from './histogram.js';
import { type MetricName, type MetricSpec, metricCatalog } from './metric-catalog.js';

/** One metric with its series at this moment. */
export interface MetricFamily extends MetricSpec {
  readonly name: MetricName;
  readonly samples: readonly Sample[];
  readonly histograms: readonly HistogramSample[];
}

type Histograms = {
  [Name in MetricName]: (typeof metricCatalog)[Name]['type'] extends 'histogram' ? Name : never;
}[MetricName];

/** The series of each metric. One that cannot be known here and now has none. */
export type MetricValues = {
  readonly [Name in MetricName]: Name extends Histograms
    ? readonly HistogramSample[]
    : readonly Sample[];
};

/** All metrics in the order of the catalog; those without a series are left out. */
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

/** A metric of one series without labels. */
export function single(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ labels: {}, value }];
}

function isHistogram(sample: Sample | HistogramSample): sample is HistogramSample {
  return 'buckets' in sample;
}
