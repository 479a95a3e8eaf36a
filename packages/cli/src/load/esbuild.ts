import type * as esbuild from 'esbuild';

import type { Core } from './core.js';
import { importFrom } from './import-from.js';

/** The compiler, the user's copy or the one installed beside this command. */
export type Esbuild = Pick<typeof esbuild, 'build'>;

/**
 * Loads esbuild, which only TypeScript needs: it takes 11 MB, so it is an optional peer dependency.
 * @param folder - folder of the TypeScript files
 * @throws OpenRtcError `CONFIG_DISCOVERY` with the command that installs it
 */
export async function loadEsbuild(
  folder: string,
  { OpenRtcError }: Pick<Core, 'OpenRtcError'>,
): Promise<Esbuild> {
  const found = (await importFrom('esbuild', folder)) as Esbuild | undefined;
  if (found !== undefined) return found;
  throw new OpenRtcError(
    'CONFIG_DISCOVERY',
    `the TypeScript files in ${folder} need esbuild, which is not installed: npm install --save-dev esbuild`,
  );
}
