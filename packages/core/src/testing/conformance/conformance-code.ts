import type { AgentClass } from '../../agents/agent-options.js';
import type { CodeLoader } from '../../agents/code-loader.js';
import { ObedientAgent } from './conformance-agents.js';

/** The code of the agent `versioned`, as if it stood in a file. */
export type CodeVersion = 'one' | 'two' | 'failing' | 'broken' | 'broken_elsewhere';

/** An agent that answers with the version of its code. */
function versioned(version: CodeVersion): AgentClass {
  return class Versioned extends ObedientAgent {
    constructor() {
      super();
      if (version === 'broken') throw new Error('this version cannot be constructed');
    }
    override async llmNode(): Promise<never> {
      if (version === 'failing') throw new Error('this version cannot answer');
      return new ReadableStream({
        start(controller) {
          controller.enqueue(`version ${version}`);
          controller.close();
        },
      }) as never;
    }
  };
}

const versions: Readonly<Record<CodeVersion, AgentClass>> = {
  one: versioned('one'),
  two: versioned('two'),
  failing: versioned('failing'),
  broken: versioned('broken'),
  broken_elsewhere: versioned('broken_elsewhere'),
};

/** The class with which the agent begins. */
export const firstVersion = versions.one;

/** Loads the versions of the agent. Each process has its own, as with a loader of files. */
export class VersionLoader implements CodeLoader {
  /** What stands in the file now. */
  file: CodeVersion = 'one';
  readonly #isWorker: boolean;
  #used: CodeVersion = 'one';

  constructor(isWorker: boolean) {
    this.#isWorker = isWorker;
  }

  async compile() {
    const changed = this.file === this.#used ? [] : ['/agents/versioned.ts'];
    return { code: this.file, changed, needRestart: [] };
  }

  async load(code: string) {
    const version = code as CodeVersion;
    if (version === 'broken_elsewhere' && !this.#isWorker)
      throw new Error('this version cannot be loaded in a process of calls');
    const all: readonly unknown[] = Object.values(versions);
    return {
      importModule: async () => ({}),
      successor: (agentClass: AgentClass) =>
        all.includes(agentClass) ? versions[version] : agentClass,
      use: () => void (this.#used = version),
    };
  }
}
