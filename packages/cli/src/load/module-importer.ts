import type { AgentImporter } from '@openrtc/core/host';

/** Imports the user's modules: agents by their URLs, and modules that may run a pool by their paths. */
export interface ModuleImporter extends AgentImporter {
  /**
   * Imports a module by its path.
   * @throws an Error that tells where it failed
   */
  importPath(path: string): Promise<unknown>;
  /** Why nothing could be compiled at all: one error for all files. */
  readonly compilerError: unknown;
}
