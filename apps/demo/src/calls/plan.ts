import { type SpeechName, speech } from '@openrtc/test-rig';

/** The routing rules of the pool that work with automatic dispatch. */
export type Rule = 'room_metadata' | 'room_prefix' | 'first_registered';

/** What a caller says to an agent and what it must hear: the demo fails when it hears something else. */
export interface Conversation {
  agent: string;
  says: SpeechName;
  greeting: string;
  reply: string;
  /** Pitch of the agent's voice. */
  pitchHz: number;
}

/** A call to be made. */
export interface PlannedCall {
  number: number;
  room: string;
  /** Room metadata; empty for none. */
  metadata: string;
  rule: Rule;
  conversation: Conversation;
}

// Repeated here on purpose: expectations must not come from the agents that are tested.
const conversations = {
  restaurant: {
    agent: 'restaurant',
    says: 'order',
    greeting: 'Pizzeria Napoli, what would you like?',
    reply: 'One large pizza, it will be ready in twenty minutes.',
    pitchHz: 440,
  },
  dentist: {
    agent: 'dentist',
    says: 'hours',
    greeting: 'Dental practice Smile, good morning.',
    reply: 'On that day we are closed, but there is an emergency number.',
    pitchHz: 880,
  },
  support: {
    agent: 'support',
    says: 'support',
    greeting: 'Internet support, how can I help you?',
    reply: 'I am sorry to hear that. Is the light on your router green or red?',
    pitchHz: 660,
  },
} satisfies Record<string, Conversation>;

interface Way {
  rule: Rule;
  agent: keyof typeof conversations;
  /** Start of the room's name. */
  room: string;
  metadata?: Record<string, string>;
}

// Files are registered in the order of their names, so the dentist is the first agent.
const ways: readonly Way[] = [
  { rule: 'room_prefix', agent: 'restaurant', room: 'restaurant' },
  { rule: 'room_metadata', agent: 'support', room: 'lobby', metadata: { agent: 'support' } },
  { rule: 'first_registered', agent: 'dentist', room: 'lobby' },
  { rule: 'room_metadata', agent: 'restaurant', room: 'lobby', metadata: { demo: 'restaurant' } },
  { rule: 'room_prefix', agent: 'support', room: 'support' },
  { rule: 'room_prefix', agent: 'dentist', room: 'dentist' },
];

/** The calls of a run: every rule and every agent in turn. `suffix` makes room names unique on a shared server. */
export function planCalls(count: number, suffix = ''): readonly PlannedCall[] {
  return Array.from({ length: count }, (_, index) => {
    const way = ways[index % ways.length] as Way;
    return {
      number: index + 1,
      room: `${way.room}-${index + 1}${suffix}`,
      metadata: way.metadata === undefined ? '' : JSON.stringify(way.metadata),
      rule: way.rule,
      conversation: conversations[way.agent],
    };
  });
}

/** The words that a caller says. */
export function wordsOf({ conversation }: PlannedCall): string {
  return speech[conversation.says].text;
}

/** Describes a routing rule; for metadata, with the key that names the agent. */
export function inWords(rule: string, metadata: string): string {
  switch (rule) {
    case 'room_metadata':
      return `room metadata '${Object.keys(JSON.parse(metadata) as object).join()}'`;
    case 'room_prefix':
      return 'room name';
    case 'first_registered':
      return 'first registered';
    default:
      return rule;
  }
}
