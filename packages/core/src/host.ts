// '@openrtc/core/host': for commands that run pools, as @openrtc/cli does. AgentPool is in '@openrtc/core'.
export { type CommandHost, type PoolRunner, hostCommand } from './pool/command-host.js';
export { isAgentClass } from './agents/agent-class.js';
export { isAgentFile } from './agents/agent-files.js';
export { type AgentImporter, nativeImporter, whatWaits } from './agents/discover.js';
export type {
  AgentPlace,
  CodeLoader,
  CompiledCode,
  FoundAgents,
  ImportModule,
  LoadedCode,
} from './agents/code-loader.js';
export { explainImport } from './agents/import-file.js';
export { type Warn, loadUserCode, warnInLog } from './pool/load-user-code.js';
export { checkConfiguration, reloadChanged } from './pool/pool-functions.js';
export { startLogs, type LogStyle } from './sdk/sdk-logger.js';
export { inCallProcess } from './worker/started-for-calls.js';
