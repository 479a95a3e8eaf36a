import { AsyncLocalStorage } from 'node:async_hooks';

import type { CodeLoader } from '../agents/code-loader.js';
import type { AgentRegistry } from '../agents/registry.js';
import { toPlainError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { shortPath } from '../base/source-place.js';
import type { CodeChange, CodeEvent } from '../call/code-change.js';
import {
  type ReloadReport,
  type ReloadedCall,
  countByResult,
  reloadLine,
} from '../call/reload-report.js';
import type { ReloadCause } from '../operate/audit-event.js';
import type { PreparedChange } from '../launch/isolation-strategy.js';
import { type ReloadPlan, planReload } from './plan-reload.js';
import type { ProcessCode } from './process-code.js';
import { Verification } from './verification.js';

/** Options of {@link Reloads}. */
export interface ReloadsOptions {
  readonly loader: CodeLoader;
  readonly registry: AgentRegistry;
  /** The code of this process. */
  readonly code: ProcessCode;
  /** What prepares the processes that run calls elsewhere. Undefined: the strategy does not reload, or has none. */
  readonly elsewhere: () => ((change: CodeChange) => Promise<PreparedChange>) | undefined;
  /** The job ids of all live calls. */
  readonly jobIds: () => readonly string[];
  /** Whether a call runs in this process. */
  readonly runsHere: (jobId: string) => boolean;
  /** Name of the isolation strategy. */
  readonly isolation: string;
  /** Called with each report, and with who asked for the reload. */
  readonly onReport: (report: ReloadReport, by: ReloadCause) => void;
  readonly logger: Logger;
}

/** The reloads of a worker, one after the other. */
export class Reloads {
  readonly #options: ReloadsOptions;
  // A call may ask for a reload, whose code is not that of the call.
  readonly #outside = AsyncLocalStorage.snapshot();
  #generation = 0;
  #last: Promise<unknown> = Promise.resolve();
  #notes: readonly string[] = [];

  constructor(options: ReloadsOptions) {
    this.#options = options;
  }

  /** Reloads the agents. Never rejects: when their code cannot be used, everything is as it was. */
  reload(by: ReloadCause): Promise<ReloadReport> {
    const next = this.#last.then(() => this.#outside(() => this.#reload(by)));
    this.#last = next;
    return next;
  }

  async #reload(by: ReloadCause): Promise<ReloadReport> {
    const { loader, registry, onReport, logger } = this.#options;
    const begun = performance.now();
    let report: Omit<ReloadReport, 'durationMs'> = this.#nothing('unchanged');
    try {
      const { code, changed: files, needRestart } = await loader.compile();
      report = { ...report, files };
      const generation = this.#generation + 1;
      const plan = await new Verification(generation, logger).run(async () =>
        planReload(await loader.load(code, generation), registry),
      );
      const notes = [...needRestart.map(restartNote), ...plan.notes];
      report = { ...report, notes: this.#newNotes(notes) };
      const agents = plan.changed.map(({ name }) => name);
      if (files.length > 0 || agents.length > 0) {
        const calls = await this.#apply(plan, { generation, code });
        report = { ...report, generation, outcome: 'applied', agents, calls };
      }
    } catch (error) {
      report = { ...this.#nothing('refused'), files: report.files, error: toPlainError(error) };
    }
    const timed = { ...report, durationMs: Math.round(performance.now() - begun) };
    this.#log(timed);
    // What became of a call is an event of that call as well, and logged with it.
    const told = { ...timed, notes: [...timed.notes, ...leftBehind(timed.calls)] };
    onReport(told, by);
    return told;
  }

  #nothing(outcome: ReloadReport['outcome']): Omit<ReloadReport, 'durationMs'> {
    const generation = this.#generation;
    return { generation, outcome, files: [], agents: [], notes: [], calls: [] };
  }

  /** Notes that the last reload did not have: nobody needs to be told again with each save. */
  #newNotes(notes: readonly string[]): readonly string[] {
    const before = this.#notes;
    this.#notes = notes;
    return notes.filter((note) => !before.includes(note));
  }

  async #apply(
    { loaded, changed, found }: ReloadPlan,
    { generation, code }: Pick<CodeChange, 'generation' | 'code'>,
  ): Promise<readonly ReloadedCall[]> {
    const { registry, elsewhere, code: here } = this.#options;
    const next = new Map(changed.map((config) => [config.name, config]));
    const all = [...registry.list().filter(({ name }) => !next.has(name)), ...changed];
    const agents = all.map(({ name, revision, sourcePath }) => ({
      name,
      revision,
      ...(sourcePath === undefined ? {} : { sourcePath }),
    }));
    const prepared = await elsewhere()?.({ generation, code, agents });
    this.#generation = generation;
    const ours = await here.ready(loaded, changed, generation, found).commit();
    const theirs = (await prepared?.commit()) ?? [];
    return this.#withOthers([...ours, ...theirs].map(callOf));
  }

  /** Calls that nobody has changed have no agent yet, or run where the strategy does not reload. */
  #withOthers(calls: readonly ReloadedCall[]): readonly ReloadedCall[] {
    const { elsewhere, runsHere, jobIds } = this.#options;
    const known = new Set(calls.map(({ jobId }) => jobId));
    const why = this.#notReloaded;
    const other = (jobId: string): ReloadedCall =>
      elsewhere() !== undefined || runsHere(jobId)
        ? { jobId, result: 'starting' }
        : { jobId, result: 'kept_old', why };
    return [
      ...calls,
      ...jobIds()
        .filter((jobId) => !known.has(jobId))
        .map(other),
    ];
  }

  get #notReloaded(): string {
    return `the isolation "${this.#options.isolation}" does not reload calls`;
  }

  #log(report: ReloadReport): void {
    const { logger } = this.#options;
    const { outcome, files, agents, notes, calls, durationMs, error, generation } = report;
    const fields = { generation, files, agents, calls: countByResult(calls), durationMs };
    if (outcome === 'refused')
      logger.error({ ...fields, error }, `reload: nothing has changed: ${error?.message ?? ''}`);
    else if (outcome === 'applied') logger.info(fields, reloadLine(report));
    else logger.debug(fields, 'reload: no file has changed');
    for (const note of notes) logger.warn({ generation }, `reload: ${note}`);
    const why = this.#notReloaded;
    const left = calls.filter((call) => call.result === 'kept_old' && call.why === why);
    if (left.length > 0)
      logger.warn({ generation, calls: left.length }, `reload: ${why}: they keep their old code`);
  }
}

function restartNote(path: string): string {
  return `${shortPath(path)} runs the pool: restart the worker to use what has changed in it`;
}

function leftBehind(calls: readonly ReloadedCall[]): readonly string[] {
  return calls
    .filter(({ result }) => result === 'kept_old')
    .map(({ jobId, why = '' }) => `call ${jobId} goes on with its old code: ${why}`);
}

function callOf({ jobId, result, why }: CodeEvent): ReloadedCall {
  return { jobId, result, ...(why === undefined ? {} : { why }) };
}
