export * from './errors.js';
export type { SharedModels } from './session/shared-models.js';
