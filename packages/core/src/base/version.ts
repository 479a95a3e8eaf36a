import { createRequire } from 'node:module';

const { version: read } = createRequire(import.meta.url)('@openrtc/core/package.json') as {
  version: string;
};

/** The version of `@openrtc/core`. The worker sends it to LiveKit when it registers. */
export const version: string = read;
