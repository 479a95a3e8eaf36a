import { absolutePath } from '../agents/agent-files.js';
import type {
  AgentClass,
  AgentConfig,
  AgentFactory,
  AgentOptions,
} from '../agents/agent-options.js';
import { checkDiscover } from '../agents/check-discover.js';
import type { CodeLoader, ImportModule } from '../agents/code-loader.js';
import { type AgentImporter, discoverAgents } from '../agents/discover.js';
import { AgentRegistry } from '../agents/registry.js';
import type { ReloadCause } from '../operate/audit-event.js';
import type { PoolState } from '../operate/readiness.js';
import { takeUsage } from '../operate/take-snapshot.js';
import type { PoolUsage } from '../operate/usage-totals.js';
import type { ReloadReport } from '../call/reload-report.js';
import { noReload, notRunning } from '../worker/no-reload.js';
import type { Worker } from '../worker/worker.js';
import { checkState } from './pool-checks.js';
import type { MetadataValues } from '../call/call.js';
import { type Warn, userCodeImporter, warnInLog } from './load-user-code.js';

/** What functions outside of the class do with its agents. Set by the class, because it needs its protected members. */
export const insideAgents = {} as {
  reload: (pool: PoolAgents, by: ReloadCause) => Promise<ReloadReport>;
};

/** The agents of a pool, which can be added, replaced and removed at any time; their tenants, and what they have used. */
export abstract class PoolAgents<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> {
  static {
    insideAgents.reload = (pool, by) => pool.reloadFor(by);
  }

  /** @internal */
  protected readonly registry = new AgentRegistry();
  /** @internal */
  protected warn: Warn = warnInLog(undefined);
  /** @internal */
  protected abstract readonly state: PoolState;
  /** @internal */
  protected abstract readonly worker: Worker | undefined;
  readonly #importer: AgentImporter | undefined;

  /** @internal */
  protected constructor(importer: AgentImporter | undefined) {
    this.#importer = importer;
  }

  /**
   * Registers an agent: a `voice.Agent` class whose constructor needs no arguments, or a factory that builds one for
   * each call. While the pool runs, later calls can use it. Where calls run in other processes, each process registers
   * its own agents: a call fails in a process that has no agent of its name.
   * @param name - 1 to 64 ASCII letters, digits, dashes, underscores
   * @throws OpenRtcError `CONFIG_*`, or `POOL_STATE` when the pool is closed; then nothing is registered.
   */
  add<UserData = unknown>(
    name: string,
    agent: AgentClass | AgentFactory<Prewarmed, Metadata>,
    options: AgentOptions<Prewarmed, Metadata, UserData> = {},
  ): AgentConfig {
    checkState('add()', this.state);
    return this.registry.add(name, agent as AgentFactory, options as AgentOptions);
  }

  /**
   * Registers another agent under a name that is already registered. While the pool runs, later calls get the new
   * agent, and calls that were already accepted keep theirs. Options of the old agent are not kept: those not given
   * here, such as the greeting, are those of the new agent's {@link agentConfig} or the pool's `defaults`.
   *
   * Where calls run in other processes, each process registers its own agents. A process that does not call
   * `replace()` itself goes on with the agent it has, with one warning in its log.
   * @returns the new agent; its {@link AgentConfig.revision} is one higher
   * @throws OpenRtcError `CONFIG_UNKNOWN_AGENT`, or as {@link add}; then nothing changes.
   */
  replace<UserData = unknown>(
    name: string,
    agent: AgentClass | AgentFactory<Prewarmed, Metadata>,
    options: AgentOptions<Prewarmed, Metadata, UserData> = {},
  ): AgentConfig {
    checkState('replace()', this.state);
    return this.registry.replace(name, agent as AgentFactory, options as AgentOptions);
  }

  /**
   * Registers the agents in the files of a directory, one per file, sorted by file name: all of them, or none. The name
   * of an agent is that of its {@link agentConfig}, or else of its file. What starts LiveKit's own worker in a file, such
   * as `cli.runApp()`, is ignored with one warning; another warning names files that look like agents and are not read.
   * @param path - the directory, or a single file, relative to the current directory; or its `file:` URL
   * @param options - `importModule` imports the URL of a file. Default: that of the command that loaded the pool's
   * module, or else `import()`
   * @throws OpenRtcError `CONFIG_INVALID_OPTION`; `CONFIG_DISCOVERY`, which names each file that cannot be used.
   */
  async discover(
    path: string | URL,
    options: { importModule?: ImportModule } = {},
  ): Promise<readonly AgentConfig[]> {
    checkState('discover()', this.state);
    checkDiscover(path, options);
    const { importModule } = options;
    const importer = importModule === undefined ? this.#importer : { importModule };
    const found = await discoverAgents(path, {
      existing: this.registry,
      importer: userCodeImporter(this.warn, importer),
      warn: this.warn,
    });
    const from = absolutePath(path);
    const configs = this.registry.addDiscovered(found, from);
    const places = found.map(({ name, sourcePath }) => ({ name, sourcePath }));
    importer?.onFound?.(from, places);
    return configs;
  }

  /**
   * Reloads the agents from their files: new calls get the new code, and live ones from their next turn. Needs a command
   * that loads the agents so, see docs/reload.md.
   * @returns what has changed; when the new code cannot be used, nothing has, and the report says why
   * @throws OpenRtcError `POOL_STATE` when the pool does not run, or was not started so
   */
  reload(): Promise<ReloadReport> {
    return this.reloadFor('reload_call');
  }

  /** @internal */
  protected async reloadFor(by: ReloadCause): Promise<ReloadReport> {
    if (this.loader === undefined) throw noReload();
    if (this.worker?.reloads === undefined) throw notRunning();
    return this.worker.reloads.reload(by);
  }

  /**
   * Forgets the configuration of a tenant, or of all: the next call asks `tenants` again. Calls that run go on with what
   * they have.
   */
  invalidateTenant(tenant?: string): void {
    this.worker?.tenants?.invalidate(tenant);
  }

  /**
   * What the calls of each tenant to each agent have used since `run()`: calls, time, tokens, characters, audio. Live calls
   * are counted up to now, their use of providers as reported last, some seconds ago. Plain data; the pool goes on
   * counting, so the use of a period is the difference between two. Still there when the pool is closed.
   */
  usage(): PoolUsage {
    return takeUsage(this.worker);
  }

  /** @internal */
  protected get loader(): CodeLoader | undefined {
    return this.#importer?.loader;
  }

  /** The registered agents, in the order of registration. */
  listAgents(): readonly AgentConfig[] {
    return this.registry.list();
  }

  /** One registered agent. @throws OpenRtcError `CONFIG_UNKNOWN_AGENT`. */
  get(name: string): AgentConfig {
    return this.registry.get(name);
  }

  /** Removes an agent. Calls that were already accepted go on. @throws OpenRtcError `CONFIG_UNKNOWN_AGENT`. */
  remove(name: string): AgentConfig {
    return this.registry.remove(name);
  }
}
