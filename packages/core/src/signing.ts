// For servers that sign the metadata of calls. It loads no SDK.
export { signMetadata, verifyMetadata } from './route/signed-metadata.js';
export type { SignOptions, VerifiedMetadata, VerifyOptions } from './route/signed-metadata.js';
