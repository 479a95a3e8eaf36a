import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChildProgram } from '../processes/child-program.js';
import { freeTcpPort } from '../server/free-ports.js';
import type { PrometheusPrograms } from './find-prometheus.js';

/** A series in the result of a query. */
export interface Sample {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** The current state of an alert rule. */
export interface Rule {
  name: string;
  /** `ok` once it was evaluated. */
  health: string;
  state: 'inactive' | 'pending' | 'firing';
  lastError?: string;
}

/** Options of {@link PrometheusServer.start}. */
export interface PrometheusOptions {
  /** Addresses to scrape, such as `127.0.0.1:8081`. */
  targets: readonly string[];
  /** Paths of files with rules. */
  rules?: readonly string[];
}

const START_MS = 30_000;
const STOP_MS = 5_000;

/** A Prometheus on a free port that scrapes and evaluates its rules every second. */
export class PrometheusServer {
  readonly #program: ChildProgram;
  readonly #url: string;
  readonly #folder: string;

  private constructor(program: ChildProgram, url: string, folder: string) {
    this.#program = program;
    this.#url = url;
    this.#folder = folder;
  }

  /** Resolves once it answers. */
  static async start(
    { prometheus }: PrometheusPrograms,
    { targets, rules = [] }: PrometheusOptions,
  ): Promise<PrometheusServer> {
    const folder = await mkdtemp(join(tmpdir(), 'openrtc-prometheus-'));
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: rules,
      scrape_configs: [{ job_name: 'openrtc', static_configs: [{ targets }] }],
    };
    // JSON is YAML.
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const address = `127.0.0.1:${await freeTcpPort()}`;
    const program = new ChildProgram(
      prometheus,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
      ],
      { name: 'Prometheus' },
    );
    const server = new PrometheusServer(program, `http://${address}`, folder);
    await server.#untilReady();
    return server;
  }

  /** Runs a query: a number for each series. */
  async query(expression: string): Promise<readonly Sample[]> {
    const answer = (await this.#get(
      `/api/v1/query?query=${encodeURIComponent(expression)}`,
    )) as Answer<{
      result: { metric: Record<string, string>; value: [number, string] }[];
    }>;
    return answer.data.result.map(({ metric, value }) => ({
      labels: metric,
      value: Number(value[1]),
    }));
  }

  /** The last scrape error of each address; empty after a successful scrape. */
  async scrapeErrors(): Promise<readonly string[]> {
    const answer = (await this.#get('/api/v1/targets')) as Answer<{
      activeTargets: { lastError: string }[];
    }>;
    return answer.data.activeTargets.map(({ lastError }) => lastError);
  }

  async rules(): Promise<readonly Rule[]> {
    const answer = (await this.#get('/api/v1/rules')) as Answer<{ groups: { rules: Rule[] }[] }>;
    return answer.data.groups.flatMap((group) => group.rules);
  }

  async close(): Promise<void> {
    await this.#program.stop(STOP_MS);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`Prometheus: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  async #untilReady(): Promise<void> {
    const deadline = Date.now() + START_MS;
    while (this.#program.running && Date.now() < deadline) {
      const ready = await fetch(`${this.#url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) return;
      await sleep(50);
    }
    await this.close();
    throw new Error(`Prometheus did not start:\n${this.#program.output.slice(-4_000)}`);
  }
}

interface Answer<Data> {
  data: Data;
}
