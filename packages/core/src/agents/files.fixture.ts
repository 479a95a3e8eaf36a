import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Inside node_modules of this package, so that the files import the same @livekit/agents as the tests.
const home = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/** A folder of ES modules for one test. */
export class ModuleFolder implements AsyncDisposable {
  /** Absolute path, with symbolic links resolved. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @param files - their texts, by their names */
  static async of(
    files: Readonly<Record<string, string>>,
    parent: string = home,
  ): Promise<ModuleFolder> {
    const folder = new ModuleFolder(await realpath(await mkdtemp(join(parent, '.tmp-files-'))));
    await folder.write({ 'package.json': '{"type":"module"}', ...files });
    return folder;
  }

  /** Absolute path of a file in it. */
  of(name: string): string {
    return join(this.path, name);
  }

  /** Writes files, and creates their folders. */
  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(this.of(name)), { recursive: true });
      await writeFile(this.of(name), text);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

/** The source of a file with one agent. */
export function agentSource(name: string, more = ''): string {
  return `import { voice } from '@livekit/agents';\nexport default class ${name} extends voice.Agent {\n  constructor() { super({ instructions: 'x' }); }\n}\n${more}`;
}
