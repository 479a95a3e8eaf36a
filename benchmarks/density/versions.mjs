import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { hardware } from '../src/machine.mjs';

/** On what a run was made, and of what. */
export function versions() {
  return {
    hardware,
    commit: commit(),
    agents: versionOf('@livekit/agents'),
    rtcNode: versionOf('@livekit/rtc-node'),
  };
}

/** By the file beside its entry: not every package lets its package.json be imported. */
function versionOf(name) {
  const paths = createRequire(import.meta.url).resolve.paths(name);
  for (const folder of paths) {
    try {
      return JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')).version;
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`${name} is not installed here`);
}

/** What of the repository ran; undefined where there is no git. */
function commit() {
  const git = (...args) =>
    execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' });
  try {
    const changed = git('status', '--porcelain', '--', '../../packages').trim() !== '';
    return `${git('rev-parse', '--short', 'HEAD').trim()}${changed ? ' and changes' : ''}`;
  } catch (error) {
    if (error.code === 'ENOENT' || error.status === 128) return undefined;
    throw error;
  }
}
