import { createRequire } from 'node:module';

const { version: read } = createRequire(import.meta.url)('@openrtc/cli/package.json') as {
  version: string;
};

/** The version of this package. */
export const version: string = read;
