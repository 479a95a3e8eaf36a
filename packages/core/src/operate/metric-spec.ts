/** Kind, help text and labels of one metric. */
export interface MetricSpec {
  /** The kind of metric, in the words of Prometheus. */
  readonly type: 'gauge' | 'counter' | 'histogram';
  /** One or two sentences for the operator. */
  readonly help: string;
  /** Names of the labels, in their order. */
  readonly labels: readonly string[];
}
