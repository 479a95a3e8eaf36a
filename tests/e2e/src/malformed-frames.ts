import {
  AvailabilityRequest,
  Job,
  JobAssignment,
  JobTermination,
  JobType,
  RegisterWorkerResponse,
  ServerMessage,
  WorkerPong,
} from '@livekit/protocol';
import { randomBytes } from 'node:crypto';

/** A frame no worker can use; `write`: bytes that need not be a WebSocket frame. */
export type MalformedFrame = { readonly kind: string } & (
  | { readonly say: Uint8Array | string; readonly times?: number }
  | { readonly write: Uint8Array }
);

type Message = ServerMessage['message'];

const encode = (message: Message) => new ServerMessage({ message }).toBinary();

const offer = (job?: ConstructorParameters<typeof Job>[0]) =>
  encode({
    case: 'availability',
    value: new AvailabilityRequest(job && { job: new Job({ type: JobType.JT_ROOM, ...job }) }),
  });

const assign = (id?: string) =>
  encode({
    case: 'assignment',
    value: new JobAssignment({ token: 'no token', ...(id !== undefined && { job: { id } }) }),
  });

const terminate = (jobId: string) =>
  encode({ case: 'termination', value: new JobTermination({ jobId }) });

// Names that mean something in JavaScript.
const HOSTILE_IDS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
const nobody = JSON.stringify({ agent: 'nobody' });
const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
const whole = offer({ id: 'AJ_cut', metadata: nobody });

/** Frames that cannot be decoded, or that decode to nonsense. More than 20 of the first in a minute cost the connection. */
export function survivable(liveJobs: readonly string[]): MalformedFrame[] {
  const kinds: Record<string, Uint8Array | string> = {
    'bytes at random': randomBytes(200),
    'bytes that are no protobuf': Uint8Array.of(0xff, 0xff, 0xff, 0xff),
    'a message cut in the middle': whole.subarray(0, whole.length >> 1),
    'a length beyond the end': Uint8Array.of(0x12, 0x7f, 0x0a),
    'a varint without an end': new Uint8Array(12).fill(0x80),
    'a field of the wrong type': Uint8Array.of(0x10, 0x05),
    'text that is not UTF-8 in a string': Uint8Array.of(0x12, 5, 0x0a, 3, 0x0a, 1, 0xff),
    'a text frame': 'Is anybody there?',
    'the protocol as JSON': new ServerMessage({
      message: { case: 'termination', value: new JobTermination({ jobId: 'AJ_1' }) },
    }).toJsonString(),
    'nothing in a frame': new Uint8Array(),
    'nothing in a text frame': '',
    'a message of an unknown kind': Uint8Array.of(0x9a, 0x06, 0x02, 0x68, 0x69),
    'a second answer to the registration': encode({
      case: 'register',
      value: new RegisterWorkerResponse({ workerId: 'AW_other' }),
    }),
    'a pong nobody waits for': encode({
      case: 'pong',
      value: new WorkerPong({ lastTimestamp: 2n ** 62n, timestamp: -1n }),
    }),
    'an offer without a job': offer(),
    'an offer without an id': offer({ metadata: nobody }),
    'an offer of an unknown type': offer({ id: 'AJ_type', type: 99 as JobType, metadata: nobody }),
    'an offer whose metadata is no JSON': offer({ id: 'AJ_text', metadata: '{"agent":' }),
    'an offer whose metadata is too deep': offer({ id: 'AJ_deep', metadata: deep }),
    'an offer with a key that is a trap': offer({
      id: 'AJ_trap',
      metadata: '{"__proto__":{"agent":"monologue"},"agent":["nobody"],"tenant":{"a":1}}',
    }),
    'an offer with an id of a megabyte': offer({ id: 'x'.repeat(2 ** 20), metadata: nobody }),
    'an offer with an id that would write to a terminal': offer({
      id: 'AJ_\u0000\n\u001B[31m',
      metadata: nobody,
    }),
    'an assignment without a job': assign(),
    'an assignment of a job nobody took': assign('AJ_never'),
    'a termination of no job': terminate(''),
    'a termination of a job nobody has': terminate('AJ_never'),
  };
  for (const id of HOSTILE_IDS) {
    kinds[`an offer of the job ${id}`] = offer({ id, metadata: nobody });
    kinds[`an assignment of the job ${id}`] = assign(id);
    kinds[`a termination of the job ${id}`] = terminate(id);
  }
  const [live] = liveJobs;
  if (live !== undefined) {
    kinds['a live job, offered again'] = offer({ id: live });
    kinds['a live job, assigned again'] = assign(live);
  }
  return Object.entries(kinds).map(([kind, say]) => ({ kind, say }));
}

/** Frames that end the connection: the worker has to come back. */
export const costly: readonly [MalformedFrame, ...MalformedFrame[]] = [
  { kind: 'a frame of 5 MiB', say: new Uint8Array(5 * 2 ** 20) },
  { kind: 'more that cannot be read than a minute may have', say: Uint8Array.of(0xff), times: 21 },
  broken('an unknown opcode', 0x83, 0x00),
  broken('reserved bits', 0xf2, 0x00),
  broken('a masked frame', 0x82, 0x81, 1, 2, 3, 4, 5),
  broken('a text frame that is not UTF-8', 0x81, 0x02, 0xc3, 0x28),
  broken('a continuation of nothing', 0x80, 0x01, 0x00),
  broken('a ping in pieces', 0x09, 0x00),
  broken('a ping that is too long', 0x89, 0x7e, 0x01, 0x00),
  broken('a length of 2^63 bytes', 0x82, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0),
  broken('a close of half a code', 0x88, 0x01, 0x03),
  broken('a close with a code nobody may send', 0x88, 0x02, 0x03, 0xed),
  {
    kind: 'HTTP in the middle',
    write: Buffer.from('HTTP/1.1 502 Bad Gateway\r\n\r\n'),
  },
];

function broken(kind: string, ...raw: number[]): MalformedFrame {
  return { kind, write: Uint8Array.from(raw) };
}
