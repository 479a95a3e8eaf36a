import { readdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { messageOf, OpenRtcError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { checkAgent } from './agent-class.js';
import type { AgentClass } from './agent-options.js';
import { chooseAgentClass } from './agent-export.js';
import { readAgentConfig } from './agent-config.js';
import { checkAgentName } from './agent-name.js';

/** An agent found in a file, checked and ready to be registered. */
export interface DiscoveredAgent {
  readonly name: string;
  readonly agent: AgentClass;
  /** Absolute path of its file, symbolic links resolved. */
  readonly sourcePath: string;
}

/** Imports the URL of a file and resolves with what it exports. */
export type ImportModule = (url: string) => Promise<unknown>;

/** How {@link discoverAgents} looks. */
export interface DiscoverOptions {
  /** Names already taken: finding one of them is an error. */
  existing?: { has(name: string): boolean };
  /** Time box of the import of one file, in milliseconds. Default: 30 000. */
  importTimeoutMs?: number;
  /** Imports a file URL. Default: `import()`. */
  importModule?: ImportModule;
}

// Model clients and database pools are opened at the top of agent files; a hanging one is a mistake.
const IMPORT_TIMEOUT_MS = 30_000;

const AGENT_FILE = /\.m?[jt]s$/;
const NOT_AN_AGENT_FILE = /^[._]|^index\.|\.test\.\w+$|\.d\.m?ts$/;

/**
 * The agents in the files of a directory, in the order of the file names: one agent a file, its name
 * that of its `agentConfig()` or of the file. Reads `.js .mjs .ts .mts`, not in subdirectories, and
 * leaves out `_*`, `.*`, `index.*`, `*.test.*` and `*.d.ts`.
 * @param dir - a path, relative to the current directory, or a `file:` URL
 * @throws CONFIG_DISCOVERY with every file that cannot be used and why; its cause is an
 * AggregateError with one error a file.
 */
export async function discoverAgents(
  dir: string | URL,
  options: DiscoverOptions = {},
): Promise<readonly DiscoveredAgent[]> {
  const root = await openDirectory(dir);
  const files = await listAgentFiles(root);
  if (files.length === 0) {
    throw discoveryError(
      `no agent files in ${root}: put one agent class a file there (.js, .mjs, .ts or .mts)`,
    );
  }
  const found: DiscoveredAgent[] = [];
  const failures: Error[] = [];
  for (const file of files) {
    try {
      const agent = await loadAgent(root, file, options);
      checkFree(agent.name, found, options);
      found.push(agent);
    } catch (error) {
      failures.push(new Error(`${printable(file)}: ${messageOf(error)}`, { cause: error }));
    }
  }
  if (failures.length > 0) {
    const list = failures.map((failure) => `\n  ${failure.message}`).join('');
    throw discoveryError(
      `${failures.length} of ${files.length} agent files in ${root} cannot be used, so none is registered:${list}`,
      new AggregateError(failures, 'agent files that cannot be used'),
    );
  }
  return found;
}

async function openDirectory(dir: string | URL): Promise<string> {
  const path = dir instanceof URL ? fileURLToPath(dir) : resolve(dir);
  try {
    const root = await realpath(path);
    if ((await stat(root)).isDirectory()) return root;
  } catch (error) {
    const why =
      codeOf(error) === 'ENOENT' ? 'does not exist' : `cannot be read: ${messageOf(error)}`;
    throw discoveryError(`the agents directory ${path} ${why}`, error);
  }
  throw discoveryError(`${path} is not a directory; pass the directory of the agent files`);
}

async function listAgentFiles(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((error: unknown) => {
    throw discoveryError(`the agents directory ${root} cannot be read: ${messageOf(error)}`, error);
  });
  return entries
    .filter(
      (entry) =>
        !entry.isDirectory() && AGENT_FILE.test(entry.name) && !NOT_AN_AGENT_FILE.test(entry.name),
    )
    .map((entry) => entry.name)
    .sort();
}

async function loadAgent(
  root: string,
  file: string,
  options: DiscoverOptions,
): Promise<DiscoveredAgent> {
  const sourcePath = await realpath(join(root, file));
  if (!isInside(root, sourcePath))
    throw new Error(`it links to ${sourcePath}, outside of the directory`);
  // The import of a pipe would never end.
  if (!(await stat(sourcePath)).isFile()) throw new Error('it is not a file');
  const exports = await importFile(sourcePath, options);
  const agentClass = chooseAgentClass(exports);
  const name = checkAgentName(readAgentConfig(agentClass)?.name ?? file.replace(AGENT_FILE, ''));
  checkAgent(name, agentClass);
  return { name, agent: agentClass, sourcePath };
}

async function importFile(path: string, options: DiscoverOptions): Promise<unknown> {
  const { importTimeoutMs = IMPORT_TIMEOUT_MS } = options;
  const importModule = options.importModule ?? importNatively;
  const imported = importModule(pathToFileURL(path).href).catch((error: unknown) => {
    throw new Error(reasonOf(error, path), { cause: error });
  });
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const late = new Error(
      `its import did not end within ${importTimeoutMs} ms: something at its top level waits`,
    );
    timer = setTimeout(() => reject(late), importTimeoutMs);
  });
  try {
    return await Promise.race([imported, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function importNatively(url: string): Promise<unknown> {
  return import(/* @vite-ignore */ url);
}

// What Node says of TypeScript it cannot run, or not all of.
const TYPESCRIPT_CODES = new Set([
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
]);

function reasonOf(error: unknown, path: string): string {
  // Node 22 and later strip types but leave decorators, which are then a bare syntax error.
  const typescript =
    TYPESCRIPT_CODES.has(codeOf(error) ?? '') ||
    (error instanceof SyntaxError && /\.m?ts$/.test(path));
  const advice = typescript
    ? ` (Node ${process.versions.node} alone runs no TypeScript, or not all of it, and no decorators: run it with the command openrtc of @openrtc/cli, or with \`node --import tsx\`, or compile first and pass the directory of the output)`
    : '';
  return `its import failed: ${messageOf(error)}${advice}`;
}

function checkFree(
  name: string,
  found: readonly DiscoveredAgent[],
  { existing }: DiscoverOptions,
): void {
  const other = found.find((agent) => agent.name === name);
  const taken = other?.sourcePath ?? (existing?.has(name) === true ? 'the pool' : undefined);
  if (taken !== undefined) {
    throw new Error(
      `the name "${name}" is taken by ${taken}; give it another: agentConfig({ name: "…" })`,
    );
  }
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

function discoveryError(message: string, cause?: unknown): OpenRtcError {
  return new OpenRtcError('CONFIG_DISCOVERY', message, cause === undefined ? {} : { cause });
}
