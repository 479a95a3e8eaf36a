import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { cacheFolder } from '../../temporary-folder.js';

// In the Hugging Face cache, which other programs use too, large files are named by their hash.
const SHA256 = /^[0-9a-f]{64}$/;
const LIVEKIT_MODEL = /^models--livekit--/;

/**
 * The cached files of LiveKit's models whose content does not match the hash in their name.
 * @param options - `remove`: deletes them, so that they are downloaded again
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

/** The total size of the cached files in bytes, including downloads in progress. */
export async function cachedBytes(env: NodeJS.ProcessEnv = process.env): Promise<number> {
  // A file that has just been completed no longer has its old name.
  const sizes = (await blobsOf(env)).map((path) =>
    stat(path).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function blobsOf(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const cache = modelsFolder(env);
  if (cache === undefined) return [];
  // Without a cache there are no files.
  const models = await readdir(cache).catch(() => []);
  const folders = models
    .filter((name) => LIVEKIT_MODEL.test(name))
    .map((name) => join(cache, name, 'blobs'));
  const files = folders.map(async (folder) => {
    const names = await readdir(folder).catch(() => []);
    return names.map((name) => join(folder, name));
  });
  return (await Promise.all(files)).flat();
}

function modelsFolder(env: NodeJS.ProcessEnv): string | undefined {
  const chosen = env['HF_HUB_CACHE'] ?? env['HUGGINGFACE_HUB_CACHE'];
  if (chosen !== undefined) return chosen;
  const caches = cacheFolder(env);
  const home = env['HF_HOME'] ?? (caches === undefined ? undefined : join(caches, 'huggingface'));
  return home === undefined ? undefined : join(home, 'hub');
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
