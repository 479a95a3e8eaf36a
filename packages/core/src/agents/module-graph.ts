import { execFile } from 'node:child_process';

/** What a module imports, read from the sources without running them. */
export interface ModuleGraph {
  /** Absolute path of each file → of the files that it imports by a static `import`, in their order. */
  readonly imports: ReadonlyMap<string, readonly string[]>;
  /** What Node printed about the syntax error that was looked for: file, line, and a caret below the column. */
  readonly syntaxError: string;
}

// It reads a few files. On a machine under load a process may take seconds to start.
const MAX_READ_MS = 10_000;
const MAX_OUTPUT_BYTES = 16 * 1_024 * 1_024;

/*
 * The program of the process that reads the sources. Only V8 knows where a module has its syntax error, it tells only
 * whoever prints an uncaught one, and only in a process with this flag it parses modules without running them.
 */
const FLAGS = ['--experimental-vm-modules', '--no-warnings', '--input-type=commonjs'];
const PROGRAM = `
const { readFileSync, realpathSync, writeSync } = require('node:fs');
const { createRequire, stripTypeScriptTypes } = require('node:module');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { SourceTextModule } = require('node:vm');
const [entry, wanted] = process.argv.slice(1);
const MAX_FILES = 5000;

function sourceOf(file) {
  const source = readFileSync(file, 'utf8');
  return /\\.[cm]?ts$/.test(file) ? stripTypeScriptTypes(source) : source;
}

function pathOf(specifier, from) {
  try {
    const path = /^(?:\\.{0,2}\\/|file:)/.test(specifier)
      ? fileURLToPath(new URL(specifier, pathToFileURL(from)))
      : createRequire(from).resolve(specifier);
    const real = realpathSync(path);
    return /[\\\\/]node_modules[\\\\/]/.test(real) || !/\\.[cm]?[jt]s$/.test(real) ? undefined : real;
  } catch {
    // Not there, or a module of Node: it imports nothing.
    return undefined;
  }
}

const imports = {};
let broken;
const files = [entry];
for (const file of files) {
  imports[file] = [];
  let source;
  try {
    source = sourceOf(file);
  } catch {
    // TypeScript that this Node cannot read, or a file that has been deleted.
    continue;
  }
  try {
    const parsed = new SourceTextModule(source, { identifier: pathToFileURL(file).href });
    const specifiers =
      parsed.moduleRequests?.map(({ specifier }) => specifier) ?? parsed.dependencySpecifiers;
    imports[file] = specifiers.map((each) => pathOf(each, file)).filter((path) => path !== undefined);
  } catch (error) {
    if (error.message === wanted) broken ??= error;
  }
  for (const path of imports[file])
    if (!files.includes(path) && files.length < MAX_FILES) files.push(path);
}
writeSync(1, JSON.stringify(imports));
if (broken !== undefined) throw broken;
`;

/**
 * Reads which files a module imports, directly and indirectly. Packages are left out.
 * @param path - absolute, with symbolic links resolved
 * @param syntaxError - message of a SyntaxError; its place is looked for in these files
 * @returns undefined when the sources cannot be read
 */
export function readModuleGraph(path: string, syntaxError = ''): Promise<ModuleGraph | undefined> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...FLAGS, '-e', PROGRAM, '--', path, syntaxError],
      {
        // Its options are for the user's program: it might wait for a debugger.
        env: { ...process.env, NODE_OPTIONS: '' },
        timeout: MAX_READ_MS,
        maxBuffer: MAX_OUTPUT_BYTES,
        windowsHide: true,
      },
      // It also fails when it found the syntax error. What matters is what it printed.
      (_failed, stdout, stderr) => resolve(parse(stdout, stderr)),
    );
  });
}

function parse(stdout: string, syntaxError: string): ModuleGraph | undefined {
  try {
    const imports = Object.entries(JSON.parse(stdout) as Record<string, string[]>);
    return { imports: new Map(imports), syntaxError };
  } catch {
    // Another program than Node, or a Node without the flag: the error is reported without its place.
    return undefined;
  }
}

/**
 * The files through which `entry` imports `file`, from `file` on: the one that imports it, the one that imports that,
 * and so on. Empty when it is the entry, or unknown.
 */
export function importersOf(
  file: string,
  entry: string,
  imports: ModuleGraph['imports'],
): readonly string[] {
  const importers = new Map<string, string>();
  const files = [entry];
  for (const each of files)
    for (const imported of imports.get(each) ?? [])
      if (imported !== entry && !importers.has(imported)) {
        importers.set(imported, each);
        files.push(imported);
      }
  const chain: string[] = [];
  for (let at = importers.get(file); at !== undefined; at = importers.get(at)) chain.push(at);
  return chain;
}
