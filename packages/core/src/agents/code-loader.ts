import type { AgentClass } from './agent-options.js';

/** Where an agent was found. */
export interface AgentPlace {
  /** The name of the agent. */
  readonly name: string;
  /** The absolute path of its file, with symbolic links resolved. */
  readonly sourcePath: string;
}

/** The agents of each directory or file that was searched, by its absolute path. */
export type FoundAgents = ReadonlyMap<string, readonly AgentPlace[]>;

/** Imports the `file:` URL of a module and resolves with its namespace object. */
export type ImportModule = (url: string) => Promise<unknown>;

/**
 * Reloads the code of agents while the process runs. `@openrtc/hot-reload` has one; a command passes it to its pools.
 * There is one in each process that runs calls.
 */
export interface CodeLoader {
  /**
   * Compiles the files of the agents as they are now. Nothing is evaluated.
   * @throws the error of the compiler, with file and line
   */
  compile(): Promise<CompiledCode>;
  /**
   * Prepares to use code that a loader has compiled, perhaps in another process.
   * @param code - {@link CompiledCode.code}
   */
  load(code: string, generation: number): Promise<LoadedCode>;
}

/** What {@link CodeLoader.compile} has compiled. */
export interface CompiledCode {
  /** Names the code for every loader of this user on this machine, e.g. the path of a file. */
  readonly code: string;
  /** Absolute paths of the files that differ from the code in use, or are new. */
  readonly changed: readonly string[];
  /** Absolute paths of files that differ as well and are not reloaded: modules that run the pool. */
  readonly needRestart: readonly string[];
}

/** Code that is loaded and not in use yet. */
export interface LoadedCode {
  /** Imports a module of this code by its `file:` URL. Modules that have not changed are not evaluated again. */
  readonly importModule: ImportModule;
  /**
   * The class of the same name in the same file, after that file has been imported. The same class if nothing has changed,
   * undefined if it is gone.
   */
  successor(agentClass: AgentClass): AgentClass | undefined;
  /**
   * From now on this is the code in use.
   * @param found - in the worker, the agents that were found in it: processes for calls have the same, and those that were
   * found before and are gone. Default: as before
   */
  use(found?: FoundAgents): void;
}
