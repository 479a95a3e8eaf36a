import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
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
  const cache = cacheFolder(env);
  // No cache, no damage.
  const models = await readdir(cache).catch(() => []);
  for (const model of models.filter((name) => OURS.test(name))) {
    const blobs = join(cache, model, 'blobs');
    const names = await readdir(blobs).catch(() => []);
    for (const name of names.filter((each) => SHA256.test(each))) {
      const path = join(blobs, name);
      if ((await sha256(path)) === name) continue;
      damaged.push(path);
      if (remove) await rm(path);
    }
  }
  return damaged;
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
