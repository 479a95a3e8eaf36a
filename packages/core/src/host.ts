// '@openrtc/core/host': for commands that run pools, as @openrtc/cli does. AgentPool is in '@openrtc/core'.
export { type CommandHost, type PoolRunner, hostCommand } from './pool/command-host.js';
export type { ImportModule } from './agents/discover.js';
export { checkConfiguration } from './pool/pool-functions.js';
export { startLogs, type LogStyle } from './sdk/sdk-logger.js';
export { inCallProcess } from './worker/started-for-calls.js';
