// '@openrtc/core/host': for commands that run pools, as @openrtc/cli does.
export { type CommandHost, type PoolRunner, hostCommand } from './pool/command-host.js';
export { startLogs, type LogStyle } from './sdk/sdk-logger.js';
export { inCallProcess } from './worker/started-for-calls.js';
