import { fileURLToPath } from 'node:url';

/** A recorded sentence that a caller can say. */
export interface Speech {
  /** WAV file: 16 kHz, mono, 16 bit. */
  path: string;
  text: string;
  durationMs: number;
}

/** Names of the recorded sentences. */
export type SpeechName = 'order' | 'support' | 'hours' | 'goodbye';

/** The recorded sentences; speech/README.md describes how they were created. */
export const speech: Readonly<Record<SpeechName, Speech>> = {
  order: recorded('order', 'I would like to order a large pizza please', 2374),
  support: recorded('support', 'My internet is not working, can you help?', 2531),
  hours: recorded('hours', 'What are your opening hours on Sunday?', 1893),
  goodbye: recorded('goodbye', 'Thank you very much, goodbye.', 1894),
};

function recorded(name: SpeechName, text: string, durationMs: number): Speech {
  return {
    path: fileURLToPath(new URL(`../speech/${name}.wav`, import.meta.url)),
    text,
    durationMs,
  };
}
