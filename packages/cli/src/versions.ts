import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { foldersUp } from './load/folders-up.js';

/** The packages whose versions matter in a report of a problem, after the command itself. */
const PACKAGES = ['@openrtc/core', '@livekit/agents', '@livekit/rtc-node'] as const;

interface Manifest {
  readonly name: string;
  readonly version: string;
}

/**
 * The versions of the command, of the packages that the agents in a folder use, and of Node, a line for each.
 * @param folder - where the packages are looked for first; then where the command is installed
 */
export function versionText(folder: string = process.cwd()): string {
  const here = createRequire(import.meta.url);
  const there = createRequire(join(folder, 'agents.js'));
  const command = here('@openrtc/cli/package.json') as Manifest;
  const lines = PACKAGES.map((name) => {
    const manifest = manifestOf(name, there) ?? manifestOf(name, here);
    return `${name} ${manifest === undefined ? 'is not installed' : named(manifest)}`;
  });
  return [`openrtc ${named(command)}`, ...lines, `node ${process.versions.node}`].join('\n');
}

function manifestOf(name: string, require: NodeJS.Require): Manifest | undefined {
  try {
    // Not every package exports its manifest.
    for (const folder of foldersUp(dirname(require.resolve(name)))) {
      const path = join(folder, 'package.json');
      if (!existsSync(path)) continue;
      const manifest = JSON.parse(readFileSync(path, 'utf8')) as Partial<Manifest>;
      if (manifest.name === name) return manifest as Manifest;
    }
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'MODULE_NOT_FOUND') return undefined;
    // Packages of OpenRTC cannot be required, but they export their manifest.
    if (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED')
      return require(`${name}/package.json`) as Manifest;
    throw error;
  }
}

/** A release gets its version when it is published: before that, the manifest has 0.0.0. */
function named({ version }: Manifest): string {
  return version === '0.0.0' ? '0.0.0 (not a release: built from its source)' : version;
}
