import { llm, voice } from '@livekit/agents';
import { agentConfig } from '@openrtc/core';
import { ScriptedSTT, ToneTTS } from '@openrtc/core/testing';
import { z } from 'zod';

import { ToolCallingLLM } from '../keyless/tool-calling-llm.js';

const openingHours: Readonly<Record<string, string>> = {
  Saturday: 'open from nine to twelve',
  Sunday: 'closed, but there is an emergency number',
};

class Dentist extends voice.Agent {
  constructor() {
    super({
      instructions: 'You answer the telephone of a dental practice.',
      tools: {
        openingHours: llm.tool({
          description: 'When the practice is open on a day of the week.',
          parameters: z.object({ day: z.string() }),
          execute: async ({ day }) => openingHours[day] ?? 'open from eight to five',
        }),
      },
    });
  }
}

function dayIn(userText: string): string | undefined {
  return /\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b/.exec(userText)?.[0];
}

function firstQuestion({ items }: llm.ChatContext): string | undefined {
  const first = items.find((item) => item.type === 'message' && item.role === 'user');
  return first?.type === 'message' ? first.textContent : undefined;
}

export default agentConfig(
  {
    name: 'dentist',
    greeting: 'Dental practice Smile, good morning.',
    stt: () => new ScriptedSTT({ script: ['What are your opening hours on Sunday?'], loop: true }),
    llm: () =>
      new ToolCallingLLM({
        useTool: (userText) => {
          const day = dayIn(userText);
          return day === undefined ? undefined : { name: 'openingHours', args: { day } };
        },
        tell: (hours) => `On that day we are ${String(hours)}.`,
        reply: (userText, chatCtx) =>
          /first/.test(userText)
            ? `You first asked: ${firstQuestion(chatCtx)}`
            : 'For which day would you like to know?',
      }),
    tts: () => new ToneTTS({ frequencyHz: 880, msPerWord: 150 }),
  },
  Dentist,
);
