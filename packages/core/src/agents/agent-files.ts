import type { Dirent } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { messageOf, OpenRtcError } from '../base/errors.js';
import { printable } from '../base/printable.js';

/** Files that may be agents. */
export interface AgentFiles {
  /** Absolute path of the directory, with symbolic links resolved. */
  readonly root: string;
  /** Their names in it, sorted. */
  readonly names: readonly string[];
  /** What else looks like an agent, and why it is not read. */
  readonly notRead: readonly string[];
}

// Extensions that a program with the right loader can import: Node alone does not import .tsx and .jsx.
const AGENT_FILE = /\.(?:[cm]?ts|m?js|[jt]sx)$/;
const NOT_AN_AGENT_FILE = /^[._]|^index\.|\.test\.\w+$|\.d\.[cm]?ts$/;
const COMMONJS = /\.cjs$/;
const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/;
const NO_FOLDER_OF_AGENTS = /^(?:[._]|node_modules$)/;
// Deeper down nobody keeps agents.
const MAX_DEPTH = 3;
// How an agent looks in a source. Folders of helpers, which have none, are not worth a warning.
const LOOKS_LIKE_AGENT = /\bextends\s+(?:voice\.)?Agent\b|\bagentConfig\s*\(|\bdefineAgent\s*\(/;

/**
 * Finds the files of agents.
 * @param path - a directory, or one file, as a path relative to the current directory or a `file:` URL
 * @throws CONFIG_DISCOVERY when the path does not exist, or cannot be read
 */
export async function findAgentFiles(path: string | URL): Promise<AgentFiles> {
  const given = absolutePath(path);
  const { real, isDirectory } = await openPath(given);
  if (!isDirectory) {
    // A link may have another name than its target, and that is the agent's.
    const [root, name] = [await realpath(dirname(given)), basename(given)];
    if (AGENT_FILE.test(name)) return { root, names: [name], notRead: [] };
    throw discoveryError(
      `${given} is neither a directory nor an agent file${COMMONJS.test(name) ? `: ${COMMONJS_WHY}` : ' (.js, .mjs, .ts, .mts)'}`,
    );
  }
  const entries = await readdir(real, { withFileTypes: true }).catch((error: unknown) => {
    throw discoveryError(`the agents directory ${real} cannot be read: ${messageOf(error)}`, error);
  });
  const names = entries
    .filter((entry) => !entry.isDirectory() && isAgentFile(entry.name))
    .map((entry) => entry.name)
    .sort();
  return { root: real, names, notRead: await listNotRead(real, entries) };
}

/** The absolute path of what `discover()` was given. */
export function absolutePath(path: string | URL): string {
  return path instanceof URL ? fileURLToPath(path) : resolve(path);
}

/** One sentence about files that look like agents and were not read, with the reasons. */
export function notReadText(notRead: readonly string[]): string {
  return `not read: ${notRead.join('; ')}. Files and folders whose names begin with "_" are passed over silently`;
}

/** Whether a file of this name in an agents directory is read. */
export function isAgentFile(name: string): boolean {
  return AGENT_FILE.test(name) && !NOT_AN_AGENT_FILE.test(name);
}

/** The name of an agent that has none of its own. */
export function nameByFile(file: string): string {
  return file.slice(0, -extname(file).length);
}

const COMMONJS_WHY =
  'CommonJS loads another build of @livekit/agents; write it with import and export, as .mjs or .js in a package of "type": "module"';

async function openPath(path: string): Promise<{ real: string; isDirectory: boolean }> {
  try {
    const real = await realpath(path);
    const found = await stat(real);
    if (found.isDirectory() || found.isFile()) return { real, isDirectory: found.isDirectory() };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? 'does not exist' : `cannot be read: ${messageOf(error)}`;
    throw discoveryError(`the agents directory ${path} ${why}`, error);
  }
  throw discoveryError(`${path} is neither a directory nor a file`);
}

async function listNotRead(root: string, entries: readonly Dirent[]): Promise<readonly string[]> {
  const commonJs: string[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    const name = printable(entry.name);
    if (!(await isFolder(root, entry))) {
      if (COMMONJS.test(entry.name) && !NOT_AN_AGENT_FILE.test(entry.name)) commonJs.push(name);
    } else if (!NO_FOLDER_OF_AGENTS.test(entry.name) && (await holdsAgents(join(root, entry.name))))
      folders.push(`${name}/`);
  }
  return [
    ...(commonJs.length > 0 ? [`${commonJs.sort().join(', ')} (${COMMONJS_WHY})`] : []),
    ...(folders.length > 0
      ? [
          `${folders.sort().join(', ')} (agents in a sub-folder: move them up, or call discover() for it too)`,
        ]
      : []),
  ];
}

/** Whether it is a folder, or a link to one. */
async function isFolder(root: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  // A broken link is reported where it is read.
  const target = await stat(join(root, entry.name)).catch(() => undefined);
  return target?.isDirectory() === true;
}

/** Whether a folder, or one in it, has a file that looks like an agent, by its text. */
async function holdsAgents(folder: string, depth = 0): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  // A folder that cannot be read: its name is worth the warning.
  if (entries === undefined) return true;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const look = depth < MAX_DEPTH && !NO_FOLDER_OF_AGENTS.test(entry.name);
      if (look && (await holdsAgents(path, depth + 1))) return true;
    } else if (
      entry.isFile() &&
      CODE.test(entry.name) &&
      !NOT_AN_AGENT_FILE.test(entry.name.replace(/^index\./, '')) &&
      LOOKS_LIKE_AGENT.test(await readFile(path, 'utf8').catch(() => ''))
    )
      return true;
  }
  return false;
}

/** The error for agents that cannot be discovered. */
export function discoveryError(message: string, cause?: unknown): OpenRtcError {
  return new OpenRtcError('CONFIG_DISCOVERY', message, cause === undefined ? {} : { cause });
}
