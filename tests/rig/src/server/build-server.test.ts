import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { cachedServerPath, findLiveKitServer } from './find-server.js';

// Stands in for Go: it notes what it is asked for, answers as Go does, and 'builds' a script.
const FAKE_GO = `#!/bin/sh
echo "$*" >> "$GO_CALLS"
case "$1 $2 $3" in
  "mod download -json") echo '{"GoMod":"server.mod"}' ;;
  "mod edit -json") echo '{"Replace":[{"Old":{"Path":"a.test/x"},"New":{"Path":"b.test/y","Version":"v1.2.3"}}]}' ;;
  "build -mod=mod -o") if [ -n "$GO_FAILS" ]; then echo 'no route to proxy' >&2; exit 1; fi; echo '#!/bin/sh' > "$4"; chmod +x "$4" ;;
esac
`;

let folder: string;
const env = (): NodeJS.ProcessEnv => ({ PATH: join(folder, 'bin'), OPENRTC_CACHE_DIR: folder });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openrtc-build-'));
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin', 'go'), FAKE_GO);
  await chmod(join(folder, 'bin', 'go'), 0o755);
  vi.stubEnv('GO_CALLS', join(folder, 'calls'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

it('builds once for all who ask at the same time, and repeats the replaces of the server', async () => {
  const found = await Promise.all([
    findLiveKitServer({ env: env() }),
    findLiveKitServer({ env: env() }),
  ]);
  expect(found).toEqual(
    [1, 2].map(() => ({
      available: true,
      kind: 'binary',
      path: cachedServerPath(env()),
      source: 'built',
    })),
  );
  const calls = await readFile(join(folder, 'calls'), 'utf8');
  expect(calls.match(/^build/gmu)).toHaveLength(1);
  expect(calls).toContain('mod edit -replace=a.test/x=b.test/y@v1.2.3');
});

it('says why when it does not build', async () => {
  vi.stubEnv('GO_FAILS', '1');
  expect(await findLiveKitServer({ env: env() })).toMatchObject({
    available: false,
    reason: expect.stringContaining('no route to proxy'),
  });
});
