/**
 * '@openrtc/core/testing': tools to test voice agents without keys and without a network. Providers that echo, follow a
 * script, and play tones; a small LiveKit endpoint for text calls, with faults; the conformance suite for isolation
 * strategies.
 */
export { EchoLLM, type EchoLLMOptions } from './providers/echo-llm.js';
export { ScriptedSTT, type ScriptedSTTOptions } from './providers/scripted-stt.js';
export { ToneTTS, type ToneTTSOptions } from './providers/tone-tts.js';
export { type EmbeddedLiveKit, startEmbeddedLiveKit } from './embedded/embedded-livekit.js';
export type {
  EmbeddedCallerOptions,
  EmbeddedDispatchOptions,
  EmbeddedLiveKitOptions,
  EmbeddedRoomSnapshot,
} from './embedded/embedded-options.js';
export type { EmbeddedCall, TranscriptLine } from './embedded/embedded-call.js';
export type { BadFrame } from './embedded/bad-frame.js';
export type { EmbeddedFaults, FromWorkerKind, ToWorkerKind } from './embedded/faults.js';
export type { EmbeddedJobSnapshot, EmbeddedJobStatus, JobEnd } from './embedded/embedded-job.js';
export type { EmbeddedWorkerSnapshot } from './embedded/worker-messages.js';
export { createEmbeddedRoom, EmbeddedRoom, isEmbeddedUrl } from './embedded/embedded-room.js';
export type {
  EmbeddedDataOptions,
  EmbeddedLocalParticipant,
  EmbeddedStreamOptions,
} from './embedded/embedded-local-participant.js';
export type { EmbeddedParticipant } from './embedded/embedded-participant.js';
export { cloning } from './cloning-isolation.js';
export { conformancePool, type ConformanceScenario } from './conformance/conformance-pool.js';
export {
  describeIsolation,
  isolationCases,
  type TestRunner,
} from './conformance/isolation-suite.js';
export type {
  IsolationCase,
  IsolationSuiteOptions,
} from './conformance/isolation-suite-options.js';
export { startTcpProxy, type TcpProxy, type TcpProxyOptions } from './proxy/tcp-proxy.js';
export type { ProxyMode } from './proxy/proxied-connection.js';
