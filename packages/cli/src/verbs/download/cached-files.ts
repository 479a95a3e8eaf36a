import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

// Large files are named by their hash in the cache that plugins share with other programs of Hugging Face.
const SHA256 = /^[0-9a-f]{64}$/;
const OURS = /^models--livekit--/;

/**
 * The files of LiveKit's models in the cache whose content is not what their name says.
 * @param options - `remove`: takes them away, so that they are fetched anew
 */
export async function damagedFiles(
  { remove }: { readonly remove: boolean },
  env: NodeJS.ProcessEnv = process.env,
): Promise<readonly string[]> {
  const damaged: string[] = [];
  for (const path of await blobsOf(env)) {
    const name = basename(path);
    if (!SHA256.test(name) || (await sha256(path)) === name) continue;
    damaged.push(path);
    if (remove) await rm(path);
  }
  return damaged;
}

/** How large they are together, with what is still being fetched. */
export async function cachedBytes(env: NodeJS.ProcessEnv = process.env): Promise<number> {
  // A file gets another name when it is complete.
  const sizes = (await blobsOf(env)).map((path) =>
    stat(path).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function blobsOf(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const cache = cacheFolder(env);
  // No cache, no files.
  const models = await readdir(cache).catch(() => []);
  const folders = models
    .filter((name) => OURS.test(name))
    .map((name) => join(cache, name, 'blobs'));
  const files = folders.map(async (folder) => {
    const names = await readdir(folder).catch(() => []);
    return names.map((name) => join(folder, name));
  });
  return (await Promise.all(files)).flat();
}

function cacheFolder(env: NodeJS.ProcessEnv): string {
  const home =
    env['HF_HOME'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'huggingface');
  return env['HF_HUB_CACHE'] ?? env['HUGGINGFACE_HUB_CACHE'] ?? join(home, 'hub');
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
