// Faults that types and formatting do not find. Each rule beyond the recommended ones says what it prevents.
// Warnings count as errors (scripts/lint.sh). A comment that disables a rule states its reason after `--`.

import js from '@eslint/js';
import globals from 'globals';

/** Globals of a page or a worker that read like local variables: a missing declaration silently means one of them. */
const MISLEADING_GLOBALS = [
  ...['close', 'closed', 'event', 'external', 'find', 'focus', 'frames', 'history', 'length', 'name', 'open'],
  ...['opener', 'origin', 'parent', 'print', 'scroll', 'status', 'stop', 'top'],
].map((name) => ({ name, message: `Declare it, or write globalThis.${name}.` }));

const faults = {
  // `==` converts its operands.
  eqeqeq: 'error',
  // A binding, a last parameter or a caught error that nothing reads is a mistake or a leftover.
  'no-unused-vars': ['error', { args: 'after-used', caughtErrors: 'all', ignoreRestSiblings: true }],
  // A callback of `map`, `filter`, `some` … that returns nothing.
  'array-callback-return': 'error',
  // A loop that ends in its first iteration, a value compared with itself.
  'no-unreachable-loop': 'error',
  'no-self-compare': 'error',
  // A template literal without its backquotes.
  'no-template-curly-in-string': 'error',
  // Use before initialisation in the same scope throws a ReferenceError.
  'no-use-before-define': ['error', { functions: false, classes: false, variables: false }],
  // What is thrown has a name, a message and a stack.
  'no-throw-literal': 'error',
  'prefer-promise-reject-errors': 'error',
  // `const` marks what does not change.
  'no-var': 'error',
  'prefer-const': ['error', { destructuring: 'all' }],
};

/** The package and the demo run under a content security policy without 'unsafe-eval'. */
const noEval = { 'no-eval': 'error', 'no-implied-eval': 'error', 'no-new-func': 'error' };

/** @param {...string} group paths that an import must not have @returns {object} the rule */
const noImports = (...group) => ({ 'no-restricted-imports': ['error', { patterns: [{ group }] }] });

export default [
  { ignores: ['**/node_modules/', '**/dist/', '**/target/', 'tests/types/', '**/*.d.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.js', '**/*.mjs'],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { ecmaVersion: 2024, sourceType: 'module' },
    rules: faults,
  },

  // Scripts of a page.
  {
    files: ['src/**', 'www/**', 'benches/**/*.js', 'tests/**/*.js'],
    languageOptions: { globals: globals.browser },
    rules: { 'no-restricted-globals': ['error', ...MISLEADING_GLOBALS] },
  },
  {
    files: ['src/**'],
    languageOptions: { globals: { TONEARM_DEVELOPMENT: 'readonly', TONEARM_VERSION: 'readonly' } },
    rules: noEval,
  },
  // Browser facilities know nothing of the player and of telemetry.
  { files: ['src/browser/**'], rules: noImports('**/js/*') },
  // The demo uses the package as an app does.
  { files: ['www/**'], rules: { ...noEval, ...noImports('../../*', 'tonearm/dist/*') } },

  // The media plane: a dedicated worker, and an AudioWorkletGlobalScope.
  {
    files: ['crates/media/js/**'],
    rules: {
      'no-restricted-globals': ['error', ...MISLEADING_GLOBALS],
      ...noEval,
      ...noImports('**/src/js/*'),
    },
  },
  {
    files: ['crates/media/js/**'],
    ignores: ['crates/media/js/worklet.js'],
    languageOptions: { globals: globals.worker },
  },
  {
    files: ['crates/media/js/worklet.js', 'tests/e2e/pages/{recorder,tape}.js'],
    languageOptions: { globals: globals.audioWorklet },
  },

  // Programs of Node.
  {
    files: ['*.js', 'scripts/**', 'deploy/**', 'pkg/bin/**', '**/*.mjs'],
    languageOptions: { globals: globals.nodeBuiltin },
  },
  // `${…}` in a string is the templating of Grafana and of Maven.
  { files: ['deploy/**'], rules: { 'no-template-curly-in-string': 'off' } },
  // Functions that are passed to `page.evaluate` run in the page, with what a test or the demo has put there.
  {
    files: ['tests/**/*.mjs', 'benches/**/*.mjs', 'pkg/bin/**'],
    languageOptions: { globals: globals.browser },
  },
  {
    files: ['tests/e2e/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        ['attempt', 'media', 'player', 'queue', 'telemetry'].map((name) => [name, 'readonly']),
      ),
    },
  },
];
