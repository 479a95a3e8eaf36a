// `npm run soak`: hundreds of real calls through one worker, and what it still holds afterwards.
import { LIVEKIT_SERVER_VERSION, findServerBinary } from '@openrtc/test-rig';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

import { checkPromises } from './checks.js';
import { DEFAULT_CALLS, type SoakOptions, USAGE, readOptions } from './options.js';
import { table } from './report.js';
import { soak } from './soak.js';

async function main(): Promise<number> {
  let options: SoakOptions | undefined;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  if (options === undefined) {
    console.log(USAGE);
    return 0;
  }
  if (process.platform !== 'linux') {
    console.error('The soak reads /proc: it runs on Linux only.');
    return 2;
  }
  const found = await findServerBinary({ onProgress: (text) => console.log(text) });

  const startedAt = new Date();
  const loadBefore = loadavg();
  const observed = await soak(found, options, (text) => console.log(text));
  const checks = checkPromises(observed);
  const { readings, growth, idleCpuPercent, ends, broken } = observed;
  await write({
    startedAt: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    calls: options.calls,
    concurrency: options.concurrency,
    isolation: options.isolation,
    music: options.music,
    machine: {
      node: process.version,
      cores: cpus().length,
      livekitServer: LIVEKIT_SERVER_VERSION,
      loadBefore: loadBefore.map((load) => Number(load.toFixed(2))),
      loadAfter: loadavg().map((load) => Number(load.toFixed(2))),
    },
    readings,
    growth,
    idleCpuPercent,
    checks,
    jobs: tally(ends.map(({ status }) => status)),
    broken,
  });
  console.log(`\n${table(readings, checks)}`);
  return checks.every(({ kept }) => kept) ? 0 : 1;
}

async function write(result: {
  startedAt: string;
  calls: number;
  isolation: string;
  music: boolean;
  [field: string]: unknown;
}): Promise<void> {
  const folder = fileURLToPath(new URL('../results/', import.meta.url));
  await mkdir(folder, { recursive: true });
  const text = `${JSON.stringify(result, undefined, 2)}\n`;
  await writeFile(`${folder}${result.startedAt.replaceAll(':', '-')}.json`, text);
  // These files are committed: a short trial must not replace the figures of a full run.
  const name = result.isolation === 'coroutine' ? 'latest' : result.isolation.replace(':', '-');
  if (result.calls >= DEFAULT_CALLS && !result.music)
    await writeFile(`${folder}${name}.json`, text);
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error);
  return 1;
});
