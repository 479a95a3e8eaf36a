import type { AgentPlace, FoundAgents } from '@openrtc/core/host';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readCode } from './code-files.js';
import type { ModuleGraph } from './modules/compiled-module.js';

/** Variable that tells processes for calls where the code of their worker is. */
const CODE = 'OPENRTC_HOT_CODE';

/** What is written for the processes for calls. */
interface Written {
  readonly code: string;
  readonly found: readonly (readonly [path: string, agents: readonly AgentPlace[]])[];
}

/** Tells the processes for calls that start which code their worker uses, and which agents it has. */
export class CodeInUse {
  readonly #path: string;
  readonly #found = new Map<string, readonly AgentPlace[]>();
  #code = '';

  /** @param folder - one that only this user can read */
  constructor(folder: string) {
    // Always the same one: the environment of these processes may be decided before the first change.
    this.#path = join(folder, 'in-use.json');
  }

  /** The files of all agents, also of those that are gone. */
  get files(): readonly string[] {
    return [...this.#found.values()].flat().map(({ sourcePath }) => sourcePath);
  }

  /** Another code is used. */
  use(code: string): void {
    this.#code = code;
    this.#write();
  }

  /** Agents were found in a directory or file for the first time. */
  add(path: string, agents: readonly AgentPlace[]): void {
    this.#found.set(path, placesOf(agents));
    this.#write();
  }

  /** The agents that were found in the code that is used from now on. Those that are gone go on. */
  found(found: FoundAgents): void {
    const names = new Set([...found.values()].flat().map(({ name }) => name));
    for (const [path, agents] of found) {
      const gone = (this.#found.get(path) ?? []).filter(({ name }) => !names.has(name));
      this.#found.set(path, [...placesOf(agents), ...gone]);
    }
  }

  #write(): void {
    const written: Written = { code: this.#code, found: [...this.#found] };
    // A process that starts reads all of the one before or all of this one.
    writeFileSync(`${this.#path}.new`, JSON.stringify(written), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
    process.env[CODE] = this.#path;
  }
}

/** In a process for calls: what its worker uses. */
export function codeOfWorker(): { graph: ModuleGraph; found: FoundAgents } {
  const { code, found } = JSON.parse(readFileSync(process.env[CODE] ?? '', 'utf8')) as Written;
  return { graph: readCode(code), found: new Map(found) };
}

function placesOf(agents: readonly AgentPlace[]): readonly AgentPlace[] {
  return agents.map(({ name, sourcePath }) => ({ name, sourcePath }));
}
