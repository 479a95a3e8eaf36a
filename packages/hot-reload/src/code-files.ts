import { readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { CompiledModule, ModuleGraph } from './modules/compiled-module.js';

// A process that is just starting may still read the code before, or the one before that.
const KEPT = 4;

/** Compiled code in files of one folder, where the processes for calls find it. */
export class CodeFiles {
  readonly #folder: string;
  readonly #paths: string[] = [];
  #written = 0;

  /** @param folder - one that only this user can read */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** How many were written so far. */
  get written(): number {
    return this.#written;
  }

  /** Writes the code to a new file, and returns its path. */
  write(graph: ModuleGraph): string {
    this.#written += 1;
    const path = join(this.#folder, `code-${this.#written}.json`);
    writeFileSync(path, JSON.stringify([...graph.values()]), { mode: 0o600 });
    this.#paths.push(path);
    return path;
  }

  /** Deletes the files that no process begins with any more, now that this one is used. */
  forgetBefore(path: string): void {
    const last = this.#paths.indexOf(path) - KEPT;
    for (const old of this.#paths.splice(0, Math.max(0, last))) rmSync(old, { force: true });
  }
}

/** Reads the code of a file. */
export function readCode(path: string): ModuleGraph {
  const modules = JSON.parse(readFileSync(path, 'utf8')) as CompiledModule[];
  return new Map(modules.map((module) => [module.path, module]));
}

/** The path of a file with symbolic links resolved. One that is part of the code may be gone. */
export function pathIn(graph: ModuleGraph | undefined, path: string): string {
  return graph?.has(path) === true ? path : realpathSync(path);
}
