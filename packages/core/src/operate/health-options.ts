/** Where the worker answers probes and Prometheus. */
export interface HealthOptions {
  /** 0: any that is free, see `runtimeSnapshot().health`. */
  port: number;
  /** Default: `127.0.0.1`, which nobody outside of the machine reaches. `0.0.0.0` or `::` for probes of a cluster. */
  host?: string;
  /** Asked of whoever wants `/metrics` and `/worker`, as `Authorization: Bearer …`. Default: nothing is asked. */
  token?: string;
}
