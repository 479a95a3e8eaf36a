import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Environment variable with another directory for sockets; only this user may have access to it. */
const OVERRIDE = 'OPENRTC_RUNTIME_DIR';

/**
 * The directories in which workers of this user may create their sockets, the preferred one first. There are several,
 * because a service has no `XDG_RUNTIME_DIR` while a shell has one. Empty on systems without user ids.
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

/**
 * Creates the directory, or checks the existing one.
 * @throws Error with the reason if it cannot be used.
 */
export async function makeRuntimeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  await checkRuntimeDirectory(path);
}

/**
 * Checks that only this user has access, because any user can create a directory of that name in `/tmp`.
 * @throws Error with the reason if it cannot be used.
 */
export async function checkRuntimeDirectory(path: string): Promise<void> {
  // Not stat(): a symbolic link is never used, whatever its target.
  const stat = await lstat(path);
  if (!stat.isDirectory()) throw new Error(`${path} is not a directory`);
  if (stat.uid !== process.getuid?.()) throw new Error(`${path} belongs to another user`);
  if ((stat.mode & 0o077) !== 0)
    throw new Error(`${path} is accessible to other users: run chmod 700 ${path}`);
}
