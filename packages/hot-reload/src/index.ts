export { HotCode, type HotCodeOptions } from './hot-code.js';
export { type WatchOptions, watchAgents } from './hot-reload.js';
export type { Compiler } from './modules/compile-graph.js';
