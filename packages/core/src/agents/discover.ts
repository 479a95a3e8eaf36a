import { readdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { messageOf, OpenRtcError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { timeBox } from '../base/time-box.js';
import { checkAgent } from './agent-class.js';
import type { AgentClass } from './agent-options.js';
import { chooseAgentClass } from './agent-export.js';
import { readAgentConfig } from './agent-config.js';
import { checkAgentName } from './agent-name.js';

/** An agent found in a file, checked and ready to be registered. */
export interface DiscoveredAgent {
  /** The name of the agent. */
  readonly name: string;
  /** The agent class of the file. */
  readonly agent: AgentClass;
  /** The absolute path of the file, with symbolic links resolved. */
  readonly sourcePath: string;
}

/** Imports the `file:` URL of a module and resolves with its namespace object. */
export type ImportModule = (url: string) => Promise<unknown>;

/** Options of {@link discoverAgents}. */
export interface DiscoverOptions {
  /** Names already in use; an agent with one of them is an error. Default: none. */
  existing?: { has(name: string): boolean };
  /** Time box for importing one file, in milliseconds. Default: 30 000. */
  importTimeoutMs?: number;
  /** Imports a file. Default: `import()`. */
  importModule?: ImportModule;
}

// Agent files may open model clients and database pools at their top level, which can take seconds.
const IMPORT_TIMEOUT_MS = 30_000;

const AGENT_FILE = /\.m?[jt]s$/;
const NOT_AN_AGENT_FILE = /^[._]|^index\.|\.test\.\w+$|\.d\.m?ts$/;

/**
 * Finds the agents in the files of a directory, one per file, in the order of the file names. The name of an agent is
 * the one in its `agentConfig()`, or else that of the file. Reads `.js`, `.mjs`, `.ts` and `.mts` files, not those in
 * subdirectories, and ignores `_*`, `.*`, `index.*`, `*.test.*` and `*.d.ts`.
 * @param dir - a path, relative to the current directory, or a `file:` URL
 * @throws CONFIG_DISCOVERY, which lists every file that cannot be used and why. Its cause is an AggregateError with
 * one error per file.
 */
export async function discoverAgents(
  dir: string | URL,
  options: DiscoverOptions = {},
): Promise<readonly DiscoveredAgent[]> {
  const root = await openDirectory(dir);
  const files = await listAgentFiles(root);
  if (files.length === 0) {
    throw discoveryError(
      `no agent files in ${root}: put files with one agent class each there (.js, .mjs, .ts or .mts)`,
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
  // Importing a pipe would never finish.
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
  const imported = await timeBox(importTimeoutMs, () => importModule(pathToFileURL(path).href));
  switch (imported.kind) {
    case 'done':
      return imported.value;
    case 'failed':
      throw new Error(reasonOf(imported.error, path), { cause: imported.error });
    case 'timeout':
      throw new Error(
        `its import did not finish within ${importTimeoutMs} ms: something at its top level waits`,
      );
  }
}

function importNatively(url: string): Promise<unknown> {
  return import(/* @vite-ignore */ url);
}

// Error codes of Node for TypeScript that it cannot run.
const TYPESCRIPT_CODES = new Set([
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
]);

function reasonOf(error: unknown, path: string): string {
  // Node 22 and later strip types but not decorators, which then cause an ordinary SyntaxError.
  const typescript =
    TYPESCRIPT_CODES.has(codeOf(error) ?? '') ||
    (error instanceof SyntaxError && /\.m?ts$/.test(path));
  const advice = typescript
    ? ` (Node ${process.versions.node} alone does not run all TypeScript, and no decorators: use the command openrtc of @openrtc/cli, or \`node --import tsx\`, or compile first and pass the output directory)`
    : '';
  return `its import failed: ${messageOf(error)}${advice}`;
}

function checkFree(
  name: string,
  found: readonly DiscoveredAgent[],
  { existing }: DiscoverOptions,
): void {
  const other = found.find((agent) => agent.name === name);
  const owner = other?.sourcePath ?? (existing?.has(name) === true ? 'the pool' : undefined);
  if (owner !== undefined) {
    throw new Error(
      `the name "${name}" is already used by ${owner}; choose another one: agentConfig({ name: "…" })`,
    );
  }
}

function isInside(root: string, path: string): boolean {
  const fromRoot = relative(root, path);
  return fromRoot !== '..' && !fromRoot.startsWith(`..${sep}`) && !isAbsolute(fromRoot);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

function discoveryError(message: string, cause?: unknown): OpenRtcError {
  return new OpenRtcError('CONFIG_DISCOVERY', message, cause === undefined ? {} : { cause });
}
