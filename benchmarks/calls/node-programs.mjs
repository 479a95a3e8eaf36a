import { buildOnce, cacheFolder } from '@openrtc/test-rig';
import { execFile } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The major version of the Node that runs the benchmark. */
export const ownMajor = process.versions.node.split('.', 1)[0];

/**
 * Path and version of a Node of this major version for workers: a copy of this Node or of the npm package
 * `node@<major>`. A copy, because PSS halves a page that two processes share: workers must not share the binary with
 * the benchmark.
 */
export async function nodeProgram(major) {
  if (!/^\d+$/.test(major))
    throw new Error(`--nodes takes major versions such as 20,24; not ${major}`);
  const found = major === ownMajor ? process.execPath : await fromRegistry(major);
  const version = (await run(found, ['--version'])).stdout.trim();
  return { program: await copied(found, version), version };
}

async function fromRegistry(major) {
  const args = ['-y', `node@${major}`, '-p', 'process.execPath'];
  try {
    const { stdout } = await run('npx', args, { timeout: 300_000 });
    return stdout.trim().split('\n').at(-1);
  } catch (error) {
    throw new Error(`Node ${major} cannot be installed from the npm registry: ${error.message}`, {
      cause: error,
    });
  }
}

async function copied(program, version) {
  const folder = join(cacheFolder(process.env), `bench-node-${version}-${process.arch}`);
  const target = join(folder, 'node');
  await buildOnce(target, {
    build: (partial) => copyFile(program, partial),
    onWait: () => console.log(`another process is copying Node ${version}; waiting for it`),
  });
  return target;
}
