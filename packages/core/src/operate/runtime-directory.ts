import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Overrides where sockets are: a folder of this user alone. */
const OVERRIDE = 'OPENRTC_RUNTIME_DIR';

/**
 * The folders where sockets of this user's workers may be, the preferred one first: a service has no
 * `XDG_RUNTIME_DIR` where a shell has one. None where the system has no users.
 */
export function runtimeDirectories(
  env: NodeJS.ProcessEnv = process.env,
  uid = process.getuid?.(),
): readonly string[] {
  if (uid === undefined) return [];
  const override = env[OVERRIDE]?.trim() ?? '';
  if (override !== '') return [override];
  const own = `openrtc-${uid}`;
  const session = env['XDG_RUNTIME_DIR']?.trim() ?? '';
  const parents = [...(isAbsolute(session) ? [session] : []), tmpdir(), '/tmp'];
  return [...new Set(parents.map((parent) => join(parent, own)))];
}

/** Makes the folder, or checks the one that is there. @throws Error that says what is wrong with it. */
export async function makeRuntimeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  await checkRuntimeDirectory(path);
}

/**
 * Anybody may make a folder of that name in `/tmp` before we do: what is not ours alone is not used.
 * @throws Error that says what is wrong with it.
 */
export async function checkRuntimeDirectory(path: string): Promise<void> {
  // Not stat: a link is none of ours, wherever it leads.
  const stat = await lstat(path);
  if (!stat.isDirectory()) throw new Error(`${path} is no directory`);
  if (stat.uid !== process.getuid?.()) throw new Error(`${path} belongs to another user`);
  if ((stat.mode & 0o077) !== 0)
    throw new Error(`${path} is open to other users: chmod 700 ${path}`);
}
