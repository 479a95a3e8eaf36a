import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** An agent of the demo, and the helper that it imports. */
const FILES = ['agents/dentist.ts', 'keyless/tool-calling-llm.ts'] as const;

/** What a save has changed in a file. */
export interface Save {
  /** The number of the line, from 1. */
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

/** A project with a copy of one agent, in a temporary folder: nobody's own file is changed. */
export class AgentCopy {
  /** Absolute path of the project. */
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'openrtc-reload-demo-')));
  /** Absolute path of the agent's file. */
  readonly agent = join(this.folder, FILES[0]);

  constructor() {
    for (const file of FILES) {
      mkdirSync(dirname(join(this.folder, file)), { recursive: true });
      copyFileSync(
        fileURLToPath(new URL(`../src/${file}`, import.meta.url)),
        join(this.folder, file),
      );
    }
    writeFileSync(join(this.folder, 'package.json'), '{ "type": "module" }\n');
    const packages = fileURLToPath(new URL('../node_modules', import.meta.url));
    // A junction needs no rights on Windows; elsewhere it is a link like any other.
    symlinkSync(packages, join(this.folder, 'node_modules'), 'junction');
  }

  /** The name of the agent's file. */
  get name(): string {
    return basename(this.agent);
  }

  /** Writes the file again with one part of one line replaced. */
  save(before: string, after: string): Save {
    const lines = readFileSync(this.agent, 'utf8').split('\n');
    const at = lines.findIndex((line) => line.includes(before));
    const old = lines[at];
    if (old === undefined) throw new Error(`${this.agent} has no line with ${before}`);
    const changed = old.replace(before, after);
    lines[at] = changed;
    writeFileSync(this.agent, lines.join('\n'));
    return { line: at + 1, before: old.trim(), after: changed.trim() };
  }

  /** Deletes the folder. */
  async delete(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
