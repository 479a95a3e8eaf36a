/** What a metric is: its kind, what it says, and by what its series are told apart. */
export interface MetricSpec {
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

/** Every metric of a worker by its name. The names are stable; docs/metrics.md lists them. */
export const metricCatalog = {
  openrtc_info: {
    type: 'gauge',
    help: 'Always 1; what runs here.',
    labels: ['version', 'node', 'isolation', 'deployment'],
  },
  openrtc_uptime_seconds: { type: 'gauge', help: 'Since run().', labels: [] },
  openrtc_prewarm_seconds: {
    type: 'gauge',
    help: 'How long it took to load what calls share, before the worker registered.',
    labels: [],
  },
  openrtc_ready: {
    type: 'gauge',
    help: '1 while the worker takes calls: what /readyz answers.',
    labels: [],
  },
  openrtc_draining: {
    type: 'gauge',
    help: '1 while the worker takes no more calls and waits for the last.',
    labels: [],
  },
  openrtc_livekit_connected: {
    type: 'gauge',
    help: '1 while every registration of the worker is connected to LiveKit.',
    labels: [],
  },
  openrtc_livekit_reconnects_total: {
    type: 'counter',
    help: 'Connections to LiveKit that were lost and made anew.',
    labels: [],
  },
  openrtc_load: {
    type: 'gauge',
    help: 'The share of places taken, 0 to 1; 1 while no call is taken for another reason. Scale on this.',
    labels: [],
  },
  openrtc_sessions_max: { type: 'gauge', help: 'Places: maxConcurrentSessions.', labels: [] },
  openrtc_sessions_reserved: {
    type: 'gauge',
    help: 'Calls that were accepted and not assigned yet.',
    labels: [],
  },
  openrtc_sessions_active: { type: 'gauge', help: 'Live calls.', labels: ['agent'] },
  openrtc_full_total: {
    type: 'counter',
    help: 'How often the last place was taken, however shortly.',
    labels: [],
  },
  openrtc_sessions_accepted_total: {
    type: 'counter',
    help: 'Offers of LiveKit that were accepted.',
    labels: ['agent'],
  },
  openrtc_sessions_refused_total: {
    type: 'counter',
    help: 'Offers of LiveKit that were refused. Without an agent where none was found for them.',
    labels: ['agent', 'reason'],
  },
  openrtc_sessions_started_total: {
    type: 'counter',
    help: 'Calls that were assigned to the worker.',
    labels: ['agent'],
  },
  openrtc_sessions_ended_total: {
    type: 'counter',
    help: 'Calls that are over, by their outcome.',
    labels: ['agent', 'status', 'reason'],
  },
  openrtc_sessions_failed_total: {
    type: 'counter',
    help: 'Calls that failed, by the code of their error.',
    labels: ['agent', 'code'],
  },
  openrtc_session_duration_seconds: {
    type: 'histogram',
    help: 'How long calls lasted, from their assignment to their end.',
    labels: ['agent'],
  },
  openrtc_availability_answer_seconds: {
    type: 'histogram',
    help: 'How long LiveKit waited for the answer to an offer.',
    labels: ['accepted'],
  },
  openrtc_hook_errors_total: {
    type: 'counter',
    help: 'Hooks and nodes of agents that failed in calls that went on.',
    labels: ['agent'],
  },
  openrtc_tool_errors_total: {
    type: 'counter',
    help: 'Tools that failed, as the model was told.',
    labels: ['agent'],
  },
  openrtc_tokens_total: {
    type: 'counter',
    help: 'Tokens, as providers report them. input_cached is a part of input.',
    labels: ['agent', 'provider', 'model', 'direction'],
  },
  openrtc_tts_characters_total: {
    type: 'counter',
    help: 'Characters spoken, as providers report them.',
    labels: ['agent', 'provider', 'model'],
  },
  openrtc_audio_seconds_total: {
    type: 'counter',
    help: 'Audio heard (stt) and spoken (tts), as providers report it.',
    labels: ['agent', 'provider', 'model', 'kind'],
  },
  openrtc_event_loop_lag_seconds: {
    type: 'gauge',
    help: "How late timers come in the worker's own process, 99th percentile of 2 s; absent while no call runs there.",
    labels: [],
  },
  openrtc_event_loop_active_seconds_total: {
    type: 'counter',
    help: "How long the event loop of the worker's own process was not idle; its rate is the utilization.",
    labels: [],
  },
  openrtc_event_loop_blocked_seconds: {
    type: 'histogram',
    help: 'Times in which one thing kept the event loop from all others, in the worker and in processes of calls where a call could be named. host: other processes had the cores.',
    labels: ['cause'],
  },
  openrtc_cpu_seconds_total: {
    type: 'counter',
    help: "CPU time of the worker's own process.",
    labels: [],
  },
  openrtc_resident_memory_bytes: {
    type: 'gauge',
    help: "Resident memory (RSS): of the worker's own process, and of those calls run in together. What processes share is counted in each.",
    labels: ['process'],
  },
  openrtc_proportional_memory_bytes: {
    type: 'gauge',
    help: 'Proportional memory (PSS), which counts what processes share once. Linux.',
    labels: ['process'],
  },
  openrtc_call_processes: {
    type: 'gauge',
    help: 'Processes that calls run in, besides the worker.',
    labels: ['state'],
  },
  openrtc_call_process_starts_total: {
    type: 'counter',
    help: 'Processes of calls that were started.',
    labels: [],
  },
  openrtc_call_process_losses_total: {
    type: 'counter',
    help: 'Processes of calls that ended although they were wanted: crashed, stuck, or over their memory limit.',
    labels: [],
  },
  openrtc_metrics_dropped_total: {
    type: 'counter',
    help: 'What could not be told in time and was dropped, so that no call waits for it.',
    labels: ['sink'],
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof metricCatalog;
