import type {
  AgentClass,
  AgentConfig,
  AgentFactory,
  AgentOptions,
} from '../agents/agent-options.js';
import { type ImportModule, discoverAgents } from '../agents/discover.js';
import { AgentRegistry } from '../agents/registry.js';
import type { MetadataValues } from '../call/call.js';

/** The agents of a pool: they come and go before it runs and while it runs. */
export class PoolAgents<
  Prewarmed extends object = Record<string, unknown>,
  Metadata extends object = MetadataValues,
> {
  /** @internal */
  protected readonly registry = new AgentRegistry();
  readonly #importModule: ImportModule | undefined;

  /** @internal */
  protected constructor(importModule: ImportModule | undefined) {
    this.#importModule = importModule;
  }

  /**
   * Registers an agent: a `voice.Agent` class whose constructor needs no arguments, or a factory that
   * builds one per call. Also while the pool runs; later calls find it.
   * @param name - 1 to 64 ASCII letters, digits, dashes, underscores
   * @throws OpenRtcError `CONFIG_*`; nothing is registered then.
   */
  add(
    name: string,
    agent: AgentClass | AgentFactory<Prewarmed, Metadata>,
    options: AgentOptions<Prewarmed, Metadata> = {},
  ): AgentConfig {
    return this.registry.add(name, agent as AgentFactory, options as AgentOptions);
  }

  /**
   * Puts another agent under a registered name, also while the pool runs: later calls get it, and calls that were
   * accepted before keep theirs. Where calls run in child processes, each process replaces its own.
   * @returns the new agent, its {@link AgentConfig.revision} one higher
   * @throws OpenRtcError `CONFIG_UNKNOWN_AGENT`, or as {@link add}; nothing has changed then.
   */
  replace(
    name: string,
    agent: AgentClass | AgentFactory<Prewarmed, Metadata>,
    options: AgentOptions<Prewarmed, Metadata> = {},
  ): AgentConfig {
    return this.registry.replace(name, agent as AgentFactory, options as AgentOptions);
  }

  /**
   * Registers every agent in the files of a directory, one per file, sorted by file name; all or none.
   * A file's agent is named by {@link agentConfig}, else by the file.
   * @param options - `importModule` imports the URL of a file. Default: as the command that loaded the pool's
   * module does, else `import()`
   * @throws OpenRtcError `CONFIG_DISCOVERY` naming each bad file.
   */
  async discover(
    directory: string | URL,
    options: { importModule?: ImportModule } = {},
  ): Promise<readonly AgentConfig[]> {
    const importModule = options.importModule ?? this.#importModule;
    return this.registry.addDiscovered(
      await discoverAgents(directory, {
        existing: this.registry,
        ...(importModule === undefined ? {} : { importModule }),
      }),
    );
  }

  /** The registered agents in the order of their registration. */
  listAgents(): readonly AgentConfig[] {
    return this.registry.list();
  }

  /** One registered agent. @throws OpenRtcError `CONFIG_UNKNOWN_AGENT`. */
  get(name: string): AgentConfig {
    return this.registry.get(name);
  }

  /** Removes an agent; its accepted and live calls go on. @throws OpenRtcError `CONFIG_UNKNOWN_AGENT`. */
  remove(name: string): AgentConfig {
    return this.registry.remove(name);
  }
}
