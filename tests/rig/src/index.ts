export type { AudioReport, AudioSegment, GapReport } from './audio/audio-report.js';
export type { HeardTone } from './audio/tone-detector.js';
export { readWav } from './audio/wav.js';
export { startCallers, CallerProcess, type JoinOptions } from './callers/caller-process.js';
export { Caller, type SendTextOptions, type SpeakOptions } from './callers/caller.js';
export type { CallerEvent, HeardAudio, Spoken, Transcript } from './callers/protocol.js';
export {
  findPrometheus,
  type FoundPrometheus,
  type PrometheusPrograms,
} from './prometheus/find-prometheus.js';
export {
  PrometheusServer,
  type PrometheusOptions,
  type Rule,
  type Sample,
} from './prometheus/prometheus-server.js';
export { ChildProgram, type Exit, type ProgramOptions } from './processes/child-program.js';
export { untilGone } from './processes/kill.js';
export {
  allProcesses,
  commandLineOf,
  cpuSecondsOf,
  memoryOf,
  nodeChildren,
  threadSeconds,
  TICKS,
  treePids,
  treeUsage,
  type ListedProcess,
  type ProcessMemory,
  type TreeUsage,
} from './processes/process-tree.js';
export {
  WorkerProcess,
  type LiveKitAddress,
  type WorkerOptions,
} from './processes/worker-process.js';
export { RecordLog, type WaitOptions } from './record-log.js';
export { buildOnce, withBuildLock, type BuildOnceOptions } from './server/build-lock.js';
export { LIVEKIT_SERVER_VERSION } from './server/build-server.js';
export {
  cacheFolder,
  findLiveKitServer,
  findServerBinary,
  type ExternalServer,
  type FindServerOptions,
  type FoundServer,
  type NoServer,
  type ServerBinary,
} from './server/find-server.js';
export { freeTcpPort } from './server/free-ports.js';
export {
  LiveKitServer,
  startLiveKitServer,
  type LiveKitServerOptions,
} from './server/livekit-server.js';
export type { TokenOptions } from './server/room-api.js';
export type { Assignment, JobEnd, ServerLogLine } from './server/server-log.js';
export { textTable, type Column } from './text-table.js';
export { speech, type Speech, type SpeechName } from './speech.js';
