import { createRequire } from 'node:module';

const { version: read } = createRequire(import.meta.url)('@openrtc/core/package.json') as {
  version: string;
};

/** The version of this package, told to LiveKit at registration. */
export const version: string = read;
