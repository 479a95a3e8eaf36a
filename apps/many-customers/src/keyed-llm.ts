import { APIStatusError } from '@livekit/agents';
import { EchoLLM } from '@openrtc/core/testing';

/** Stands for an LLM of a provider: it answers with a key, and rejects calls without one as the provider does. */
export class KeyedLLM extends EchoLLM {
  readonly #apiKey: string;

  constructor(apiKey: string) {
    super();
    this.#apiKey = apiKey;
  }

  override chat(options: Parameters<EchoLLM['chat']>[0]): ReturnType<EchoLLM['chat']> {
    if (this.#apiKey === '')
      throw new APIStatusError({ message: 'Incorrect API key', options: { statusCode: 401 } });
    return super.chat(options);
  }
}
