import { buildOnce, cacheFolder } from '@openrtc/test-rig';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('./callers-go/', import.meta.url));

/** Path of the callers' program. It is built with Go and kept in the user's cache until its source changes. */
export async function buildCallers() {
  const folder = join(cacheFolder(process.env), `bench-callers-${await sourceHash()}`);
  const target = join(folder, 'callers');
  await buildOnce(target, {
    build: (partial) => {
      console.log('building the callers with Go, once; this takes a minute or two');
      return go(['build', '-buildvcs=false', '-trimpath', '-o', partial, '.']);
    },
    onWait: () => console.log('another process is building the callers; waiting for it'),
  });
  return target;
}

async function sourceHash() {
  const hash = createHash('sha256');
  for (const name of (await readdir(source)).toSorted()) {
    hash.update(name).update(await readFile(join(source, name)));
  }
  return hash.digest('hex').slice(0, 12);
}

function go(args) {
  return new Promise((resolve, reject) => {
    const child = spawn('go', args, {
      cwd: source,
      // The callers need no C compiler, which not every machine has.
      env: { ...process.env, GOWORK: 'off', CGO_ENABLED: '0' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('error', (error) =>
      reject(
        error.code === 'ENOENT'
          ? new Error(
              'The callers are written in Go: install it (https://go.dev/dl, 1.26 or newer).',
            )
          : error,
      ),
    );
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`The callers did not build: go ended with ${code}, see above.`));
    });
  });
}
