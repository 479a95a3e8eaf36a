import type { MetricSpec } from './metric-spec.js';

/** Every metric of a worker by name. The names are stable; docs/metrics.md lists them. */
export const metricCatalog = {
  openrtc_info: {
    type: 'gauge',
    help: 'Always 1. The labels describe the worker.',
    labels: ['version', 'node', 'isolation', 'deployment', 'deployment_version'],
  },
  openrtc_uptime_seconds: { type: 'gauge', help: 'Seconds since run().', labels: [] },
  openrtc_prewarm_seconds: {
    type: 'gauge',
    help: 'Time to load what calls share, before the worker registered.',
    labels: [],
  },
  openrtc_ready: {
    type: 'gauge',
    help: '1 while the worker accepts calls, as /readyz answers.',
    labels: [],
  },
  openrtc_draining: {
    type: 'gauge',
    help: '1 while the worker drains: it accepts no more calls and waits for the last one to end.',
    labels: [],
  },
  openrtc_livekit_connected: {
    type: 'gauge',
    help: '1 while every registration of the worker is connected to LiveKit.',
    labels: [],
  },
  openrtc_livekit_reconnects_total: {
    type: 'counter',
    help: 'Connections to LiveKit that were lost and re-established.',
    labels: [],
  },
  openrtc_load: {
    type: 'gauge',
    help: 'Share of occupied places, 0 to 1; 1 while the worker accepts no calls for another reason. Scale on this.',
    labels: [],
  },
  openrtc_sessions_max: {
    type: 'gauge',
    help: 'Number of places (maxConcurrentSessions).',
    labels: [],
  },
  openrtc_sessions_reserved: {
    type: 'gauge',
    help: 'Calls that were accepted and are not assigned yet.',
    labels: [],
  },
  openrtc_sessions_active: { type: 'gauge', help: 'Live calls.', labels: ['agent'] },
  openrtc_full_total: {
    type: 'counter',
    help: 'How often the worker became full, however briefly.',
    labels: [],
  },
  openrtc_sessions_accepted_total: {
    type: 'counter',
    help: 'Offers from LiveKit that were accepted.',
    labels: ['agent'],
  },
  openrtc_sessions_refused_total: {
    type: 'counter',
    help: 'Offers from LiveKit that were refused. The agent is empty if none was found for the offer.',
    labels: ['agent', 'reason'],
  },
  openrtc_sessions_started_total: {
    type: 'counter',
    help: 'Calls that were assigned to the worker.',
    labels: ['agent'],
  },
  openrtc_sessions_ended_total: {
    type: 'counter',
    help: 'Calls that ended, by outcome.',
    labels: ['agent', 'status', 'reason'],
  },
  openrtc_sessions_failed_total: {
    type: 'counter',
    help: 'Calls that failed, by error code, and who or what caused it.',
    labels: ['agent', 'code', 'caused_by'],
  },
  openrtc_session_duration_seconds: {
    type: 'histogram',
    help: 'Duration of calls, from the assignment to the end.',
    labels: ['agent'],
  },
  openrtc_availability_answer_seconds: {
    type: 'histogram',
    help: 'Time that LiveKit waited for the answer to an offer.',
    labels: ['accepted'],
  },
  openrtc_hook_errors_total: {
    type: 'counter',
    help: 'Hooks and nodes of agents that failed in calls that continued.',
    labels: ['agent'],
  },
  openrtc_tool_errors_total: {
    type: 'counter',
    help: 'Tools that failed and whose error was returned to the model.',
    labels: ['agent'],
  },
  openrtc_provider_errors_total: {
    type: 'counter',
    help: 'Errors of providers (stt, llm, tts, vad, realtime), by HTTP status, timeout, connection, no_audio, ended, or other. recoverable: the SDK tried again.',
    labels: ['agent', 'kind', 'code', 'recoverable'],
  },
  openrtc_turns_total: {
    type: 'counter',
    help: 'Turns of callers that are over: answered, interrupted, or unanswered with the reason.',
    labels: ['agent', 'result', 'reason'],
  },
  openrtc_sessions_unanswered_total: {
    type: 'counter',
    help: 'Calls that ended and in which no turn of the caller was answered.',
    labels: ['agent'],
  },
  openrtc_turn_end_seconds: {
    type: 'histogram',
    help: "From the end of a caller's speech to the decision that the turn is over.",
    labels: ['agent'],
  },
  openrtc_turn_first_token_seconds: {
    type: 'histogram',
    help: 'From the request to the first token of the model.',
    labels: ['agent'],
  },
  openrtc_turn_first_audio_seconds: {
    type: 'histogram',
    help: 'From the first text to the first audio of the TTS.',
    labels: ['agent'],
  },
  openrtc_turn_response_seconds: {
    type: 'histogram',
    help: "From the end of a caller's speech until the agent began to speak: what the caller waited.",
    labels: ['agent'],
  },
  openrtc_breakers_open: {
    type: 'gauge',
    help: 'Agents of tenants, and tenants, whose new calls are refused or tried because too many were not answered.',
    labels: [],
  },
  openrtc_breaker_changes_total: {
    type: 'counter',
    help: 'Changes of the breakers of tenants, by the state after it: open, half_open, closed.',
    labels: ['state'],
  },
  openrtc_reloads_total: {
    type: 'counter',
    help: 'Reloads of the agents, by outcome. undone: in one call the new code failed in its first use, and the old code is back.',
    labels: ['outcome'],
  },
  openrtc_session_reloads_total: {
    type: 'counter',
    help: 'What reloads did to live calls: renewed, unchanged, kept_old, undone.',
    labels: ['agent', 'result'],
  },
  openrtc_code_generation: {
    type: 'gauge',
    help: 'The number of the reload that the code of the agents came with; 0 before any.',
    labels: [],
  },
  openrtc_tokens_total: {
    type: 'counter',
    help: 'Tokens, as reported by providers. input_cached is a part of input.',
    labels: ['agent', 'provider', 'model', 'direction'],
  },
  openrtc_tts_characters_total: {
    type: 'counter',
    help: 'Characters synthesized, as reported by providers.',
    labels: ['agent', 'provider', 'model'],
  },
  openrtc_audio_seconds_total: {
    type: 'counter',
    help: 'Seconds of audio recognized (stt) and synthesized (tts), as reported by providers.',
    labels: ['agent', 'provider', 'model', 'kind'],
  },
  openrtc_event_loop_lag_seconds: {
    type: 'gauge',
    help: "How late timers fire in the worker's own process, 99th percentile over 2 s. Absent while no call runs there.",
    labels: [],
  },
  openrtc_event_loop_active_seconds_total: {
    type: 'counter',
    help: "Time that the event loop of the worker's own process was not idle. Its rate is the utilization.",
    labels: [],
  },
  openrtc_event_loop_blocked_seconds: {
    type: 'histogram',
    help: 'Blocks of the event loop, in the worker, and in call processes if the call could be named. host: other processes used the cores.',
    labels: ['cause'],
  },
  openrtc_cpu_seconds_total: {
    type: 'counter',
    help: "CPU time of the worker's own process.",
    labels: [],
  },
  openrtc_resident_memory_bytes: {
    type: 'gauge',
    help: "Resident memory (RSS) of the worker's own process, and of all call processes together. Memory that processes share is counted in each of them.",
    labels: ['process'],
  },
  openrtc_proportional_memory_bytes: {
    type: 'gauge',
    help: 'Proportional memory (PSS), which counts shared memory once. Linux only.',
    labels: ['process'],
  },
  openrtc_memory_limit_bytes: {
    type: 'gauge',
    help: 'The memory that the worker may use with all its processes. Absent without a limit, as are the next two.',
    labels: [],
  },
  openrtc_memory_used_bytes: {
    type: 'gauge',
    help: 'The memory that counts against that limit.',
    labels: [],
  },
  openrtc_memory_call_bytes: {
    type: 'gauge',
    help: 'The memory that one more call is expected to take: assumed at first, then measured.',
    labels: [],
  },
  openrtc_call_processes: {
    type: 'gauge',
    help: "Call processes, besides the worker's own process.",
    labels: ['state'],
  },
  openrtc_call_process_starts_total: {
    type: 'counter',
    help: 'Call processes that were started.',
    labels: [],
  },
  openrtc_call_process_losses_total: {
    type: 'counter',
    help: 'Call processes that ended unexpectedly: crashed, stuck, or over their memory limit.',
    labels: [],
  },
  openrtc_metrics_dropped_total: {
    type: 'counter',
    help: 'Data that could not be written in time and was dropped, so that no call waits for it.',
    labels: ['sink'],
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

/** The name of a metric. */
export type MetricName = keyof typeof metricCatalog;
