export { models, type ModelsOptions } from './models.js';
export type { SharedVad } from './shared-vad.js';
export { silero } from './silero.js';
export type { SileroOptions } from './silero-options.js';
