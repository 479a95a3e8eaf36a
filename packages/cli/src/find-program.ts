import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The first executable file of this name in the folders of the `PATH`, then in others; undefined without one. */
export async function findProgram(
  name: string,
  { PATH = '' }: NodeJS.ProcessEnv,
  otherFolders: readonly string[] = [],
): Promise<string | undefined> {
  const onPath = PATH.split(delimiter).filter((folder) => folder !== '');
  for (const folder of [...onPath, ...otherFolders]) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

/** Whether this process may execute the file. */
export function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
