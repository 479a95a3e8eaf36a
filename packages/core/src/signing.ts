// For servers that sign the metadata of calls, and for those that verify the versions of workers. It loads no SDK.
export { MembershipVerifier, signMembership } from './base/membership.js';
export type {
  Membership,
  MembershipToSign,
  MembershipVerifierOptions,
  SignedMembership,
} from './base/membership.js';
export { signMetadata, verifyMetadata } from './route/signed-metadata.js';
export type { SignOptions, VerifiedMetadata, VerifyOptions } from './route/signed-metadata.js';
