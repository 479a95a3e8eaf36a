import { MissingCredentialsError } from '@livekit/agents';
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

import { messageOf } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { shortPath } from '../base/source-place.js';
import { timeBox } from '../base/time-box.js';
import { checkAgent } from './agent-class.js';
import {
  absolutePath,
  discoveryError,
  findAgentFiles,
  nameByFile,
  notReadText,
} from './agent-files.js';
import type { AgentClass } from './agent-options.js';
import { chooseAgentClass } from './agent-export.js';
import type { AgentPlace, CodeLoader, ImportModule } from './code-loader.js';
import { readAgentConfig } from './agent-config.js';
import { checkAgentName } from './agent-name.js';
import { filesWaitedFor, importNatively } from './import-file.js';

/** An agent found in a file, checked and ready to be registered. */
export interface DiscoveredAgent extends AgentPlace {
  /** The agent class of the file. */
  readonly agent: AgentClass;
}

/** Imports the files of agents. */
export interface AgentImporter {
  /** Imports one. */
  readonly importModule: ImportModule;
  /** The absolute paths of the files whose top level the import of a file waits for, so that they can be named. */
  readonly waitedFor?: ((path: string) => Promise<readonly string[]>) | undefined;
  /** In a process for calls, the agents of its worker in a directory or file, by its absolute path. Default: as it is now. */
  readonly foundByWorker?: ((path: string) => readonly AgentPlace[] | undefined) | undefined;
  /** Told which agents were found in a directory or file, for {@link foundByWorker}. */
  readonly onFound?: ((path: string, agents: readonly AgentPlace[]) => void) | undefined;
  /** Reloads the code while the pool runs. Without it there is no reload. */
  readonly loader?: CodeLoader | undefined;
}

/** Imports as `import()` does. */
export const nativeImporter: AgentImporter = {
  importModule: importNatively,
  waitedFor: filesWaitedFor,
};

/** Options of {@link discoverAgents}. */
export interface DiscoverOptions {
  /** Names already in use; an agent with one of them is an error. Default: none. */
  existing?: { has(name: string): boolean };
  /** Time box for importing one file, in milliseconds. Default: 30 000. */
  importTimeoutMs?: number;
  /** Whether it may find none. Default: that is an error. */
  mayBeEmpty?: boolean;
  /** Imports a file. Default: {@link nativeImporter}. */
  importer?: AgentImporter;
  /** Reports what is worth knowing but no error, in one sentence. Default: nothing is reported. */
  warn?: (message: string) => void;
}

// Agent files may open model clients and database pools at their top level, which can take seconds.
const IMPORT_TIMEOUT_MS = 30_000;
// Longer than that, and whoever started it begins to wonder.
const SLOW_IMPORT_MS = 3_000;

/**
 * Finds the agents in the files of a directory, one per file, in the order of the file names. The name of an agent is
 * the one in its `agentConfig()`, or else that of the file. Reads `.js`, `.mjs`, `.ts` and `.mts` files, and `.cts`,
 * `.tsx` and `.jsx` where they can be imported. Ignores `_*`, `.*`, `index.*`, `*.test.*` and `*.d.ts`. Warns of other
 * files that look like agents: CommonJS, and those in subdirectories.
 * @param path - a directory, or one file of it, as a path relative to the current directory or a `file:` URL
 * @throws CONFIG_DISCOVERY, which lists every file that cannot be used and why. Its cause is an AggregateError with
 * one error per file.
 */
export async function discoverAgents(
  path: string | URL,
  options: DiscoverOptions = {},
): Promise<readonly DiscoveredAgent[]> {
  const places = options.importer?.foundByWorker?.(absolutePath(path));
  if (places !== undefined) return Promise.all(places.map((place) => loadFound(place, options)));
  const { root, names: files, notRead } = await findAgentFiles(path);
  const found: DiscoveredAgent[] = [];
  const failures: Error[] = [];
  const unknown: string[] = [];
  for (const file of files) {
    try {
      const agent = await loadAgent(root, file, options);
      checkFree(agent.name, found, options);
      found.push(agent);
    } catch (error) {
      if (isOfUnknownKind(file, error)) unknown.push(printable(file));
      else failures.push(new Error(`${printable(file)}: ${messageOf(error)}`, { cause: error }));
    }
  }
  const others = [
    ...(unknown.length > 0 ? [`${unknown.join(', ')} (${adviceOnTypeScript()})`] : []),
    ...notRead,
  ];
  if (failures.length > 0) {
    const list = failures.map((failure) => `\n  ${failure.message}`).join('');
    throw discoveryError(
      `${failures.length} of ${files.length} agent files in ${root} cannot be used, so none is registered:${list}`,
      new AggregateError(failures, 'agent files that cannot be used'),
    );
  }
  if (found.length === 0 && options.mayBeEmpty !== true)
    throw discoveryError(
      `no agent files in ${root}: put files with one agent class each there (.js, .mjs, .ts or .mts)${others.length > 0 ? `; ${notReadText(others)}` : ''}`,
    );
  if (others.length > 0) options.warn?.(`agents in ${root}: ${notReadText(others)}`);
  return found;
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
  const name = checkAgentName(readAgentConfig(agentClass)?.name ?? nameByFile(file));
  checkAgent(name, agentClass);
  return { name, agent: agentClass, sourcePath };
}

/** An agent that the worker has found. Its file may be gone. */
async function loadFound(place: AgentPlace, options: DiscoverOptions): Promise<DiscoveredAgent> {
  const { name, sourcePath } = place;
  try {
    const agent = chooseAgentClass(await importFile(sourcePath, options));
    return { name, agent, sourcePath };
  } catch (error) {
    throw discoveryError(`${sourcePath}: ${messageOf(error)}`, error);
  }
}

async function importFile(path: string, options: DiscoverOptions): Promise<unknown> {
  const { importTimeoutMs = IMPORT_TIMEOUT_MS, importer = nativeImporter } = options;
  let done = false;
  const slow = setTimeout(() => void warnOfSlow(path, options, () => done), SLOW_IMPORT_MS);
  const imported = await timeBox(importTimeoutMs, () =>
    importer.importModule(pathToFileURL(path).href),
  );
  done = true;
  clearTimeout(slow);
  switch (imported.kind) {
    case 'done':
      return imported.value;
    case 'failed':
      throw new Error(reasonOf(imported.error, path), { cause: imported.error });
    case 'timeout':
      throw new Error(
        `its import did not finish within ${importTimeoutMs} ms: ${await whatWaits(path, importer)}`,
      );
  }
}

async function warnOfSlow(
  path: string,
  { importer = nativeImporter, warn }: DiscoverOptions,
  done: () => boolean,
): Promise<void> {
  const reason = await whatWaits(path, importer);
  if (!done())
    warn?.(
      `the import of ${shortPath(path)} is not done after ${SLOW_IMPORT_MS / 1_000} s: ${reason}`,
    );
}

/** What the import of a file waits for, in words. */
export async function whatWaits(path: string, { waitedFor }: AgentImporter): Promise<string> {
  // Without that knowledge the warning still helps.
  const files = (await waitedFor?.(path).catch(() => undefined)) ?? [path];
  const others = files.some((file) => file !== path)
    ? ` of ${files.map((file) => shortPath(file)).join(' or ')}`
    : '';
  return `something at the top level${others} waits`;
}

// Error codes of Node for TypeScript that it cannot run.
const TYPESCRIPT_CODES = new Set([
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
]);

function reasonOf(error: unknown, path: string): string {
  const causes = [error, error instanceof Error ? error.cause : undefined];
  // Node 22 and later strip types but not decorators, which then cause an ordinary SyntaxError.
  const typescript = causes.some(
    (each) =>
      TYPESCRIPT_CODES.has(codeOf(each) ?? '') ||
      (each instanceof SyntaxError && /\.[cm]?ts$/.test(path)),
  );
  const advice = typescript
    ? ` (${adviceOnTypeScript()})`
    : causes.some((each) => each instanceof MissingCredentialsError)
      ? " (the pool is the worker: remove LiveKit's own, `new AgentServer(…)`, from the file)"
      : '';
  return `its import failed: ${messageOf(error)}${advice}`;
}

function adviceOnTypeScript(): string {
  return `Node ${process.versions.node} alone does not run all TypeScript and JSX, and no decorators: use the command openrtc of @openrtc/cli, or \`node --import tsx\`, or compile first and pass the output directory`;
}

/** Whether the file is of a kind that is only read where it can be. */
function isOfUnknownKind(file: string, error: unknown): boolean {
  if (!/\.(?:cts|[jt]sx)$/.test(file)) return false;
  for (let at = error; at instanceof Error; at = at.cause) {
    if (codeOf(at) === 'ERR_UNKNOWN_FILE_EXTENSION') return true;
    // Later versions of Node read .cts, but as CommonJS, in which the usual `import` is a syntax error.
    if (at instanceof SyntaxError && file.endsWith('.cts')) return true;
  }
  return false;
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
