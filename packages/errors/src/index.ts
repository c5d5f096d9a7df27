export { WeirError, type WeirErrorOptions } from './weir-error.js';
