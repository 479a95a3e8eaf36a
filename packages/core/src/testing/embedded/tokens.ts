import { type ClaimGrants, AccessToken, TokenVerifier } from 'livekit-server-sdk';
import { randomBytes } from 'node:crypto';
import { newId } from './ids.js';

// LiveKit's own leeway on the clocks of workers and participants.
const CLOCK_LEEWAY_SECONDS = 60;

/** Who joins which room, and as what. */
export interface JoinGrant {
  readonly room: string;
  readonly identity: string;
  readonly name: string;
  readonly metadata: string;
  readonly attributes: Record<string, string>;
}

/** The API key and secret of one endpoint, and what can be done with them. */
export class Keys {
  readonly apiKey = newId('API');
  readonly apiSecret = randomBytes(32).toString('hex');
  readonly #verifier = new TokenVerifier(this.apiKey, this.apiSecret);

  /** The claims of a token, or undefined for a missing, forged, or expired one. */
  async verify(token: string | undefined): Promise<ClaimGrants | undefined> {
    if (token === undefined || token === '') {
      return undefined;
    }
    return this.#verifier.verify(token, CLOCK_LEEWAY_SECONDS).catch(() => undefined);
  }

  /**
   * The join token of an agent, valid 1 h. An empty identity gives a token that cannot join, as
   * LiveKit does.
   */
  async agentToken(grant: JoinGrant): Promise<string> {
    const token = new AccessToken(this.apiKey, this.apiSecret, { ...grant, ttl: '1h' });
    token.addGrant({
      roomJoin: grant.identity !== '',
      room: grant.room,
      agent: true,
      canPublish: true,
      canSubscribe: true,
      canPublishData: true,
      canUpdateOwnMetadata: true,
    });
    token.kind = 'agent';
    return token.toJwt();
  }
}
