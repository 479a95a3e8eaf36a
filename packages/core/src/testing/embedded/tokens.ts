import { type ClaimGrants, AccessToken, TokenVerifier } from 'livekit-server-sdk';
import { randomBytes } from 'node:crypto';
import { newId } from './ids.js';

// The difference that LiveKit allows between its clock and those of workers and participants.
const CLOCK_LEEWAY_SECONDS = 60;

/** The values of a join token. */
export interface JoinGrant {
  /** Name of the room. */
  readonly room: string;
  /** The identity in the room. */
  readonly identity: string;
  /** The display name. */
  readonly name: string;
  /** The metadata of the participant. */
  readonly metadata: string;
  /** The attributes of the participant. */
  readonly attributes: Record<string, string>;
}

/** The API key and secret of one endpoint; signs and verifies tokens. */
export class Keys {
  /** The API key, random. */
  readonly apiKey = newId('API');
  /** The API secret, random. */
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
   * The join token of an agent, valid for 1 h. As on LiveKit, a token with an empty identity cannot join.
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
