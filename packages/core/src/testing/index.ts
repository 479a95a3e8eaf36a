/**
 * What a team needs to test voice agents without keys and without a network: providers that echo,
 * follow a script, and hum; and a small LiveKit endpoint for text calls.
 */
export { EchoLLM, type EchoLLMOptions } from './providers/echo-llm.js';
export { ScriptedSTT, type ScriptedSTTOptions } from './providers/scripted-stt.js';
export { ToneTTS, type ToneTTSOptions } from './providers/tone-tts.js';
