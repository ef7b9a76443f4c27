// The linter has a workspace of its own, with the TypeScript that its parser takes.
export { default } from './scripts/eslint/config.js';
