export { models, type ModelsOptions } from './models.js';
