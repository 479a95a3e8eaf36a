// What the workspace consists of.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The root package.json. */
export const manifest = readJson(join(root, 'package.json'));

export function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Every package of pnpm-workspace.yaml: its folder and its package.json. */
export function workspacePackages() {
  const yaml = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
  const [, list] = /^packages:\n((?: +- .*\n)+)/m.exec(yaml);
  const folders = [...list.matchAll(/- ['"]?([^'"\n]+)/g)].flatMap(([, pattern]) => {
    if (!pattern.endsWith('/*')) return [pattern];
    const parent = pattern.slice(0, -2);
    if (!existsSync(join(root, parent))) return [];
    return readdirSync(join(root, parent)).map((name) => `${parent}/${name}`);
  });
  return folders
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => ({ folder, manifest: readJson(join(root, folder, 'package.json')) }));
}
