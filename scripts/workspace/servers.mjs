// The programs that end-to-end tests need and that no package brings.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './packages.mjs';
import { env } from './prepare.mjs';
import { run } from './run.mjs';

/**
 * Looks for livekit-server and Prometheus, and builds or fetches them where they are missing, which takes
 * minutes: tests that need them find them, or wait for this. Where they cannot be had the tests say why.
 */
export async function provideServers() {
  const rig = pathToFileURL(join(root, 'tests/rig/dist/index.js')).href;
  const code = `
    import { findLiveKitServer, findPrometheus } from ${JSON.stringify(rig)};
    const onProgress = (line) => console.log('[servers]', line);
    await Promise.all([findLiveKitServer({ onProgress }), findPrometheus({ onProgress })]);
  `;
  await run(process.execPath, ['--input-type=module', '--eval', code], { env });
}
