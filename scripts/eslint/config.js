// Faults that types and formatting do not find. Each rule beyond the recommended ones says what it prevents.
// Warnings count as errors (scripts/lint.sh). A comment that disables a rule states its reason after `--`.

import js from '@eslint/js';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/**
 * Globals of a page or a worker that read like local variables: a missing declaration silently means one of
 * them.
 */
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

/**
 * The folders of the package from the lowest up: each imports from itself and from those that are named.
 * Types, and the names of the semantic conventions, are everybody's.
 * @type {{ folder: string, above: string[] }[]}
 */
const FLOORS = [
  { folder: 'host', above: ['before', 'core', 'worker', 'worklet'] },
  { folder: 'before', above: ['core', 'worker', 'worklet'] },
  { folder: 'core', above: ['worker', 'worklet'] },
  { folder: 'worklet', above: ['host', 'before', 'core', 'worker'] },
  { folder: 'worker', above: ['core'] },
];

/** @param {(typeof FLOORS)[number]} floor @returns {object} */
const floor = ({ folder, above }) => ({
  files: [`pkg/src/${folder}/**`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^\\.\\./(${above.join('|')})/`,
            message: `pkg/src/${folder} does not know these folders (docs/architecture.md).`,
          },
          {
            // The faces, which lie above all folders.
            regex: '^\\.\\./(?!semconv\\.js$)\\w+\\.js$',
            message: `pkg/src/${folder} does not know the faces above it (docs/architecture.md).`,
          },
        ],
      },
    ],
  },
});

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
    files: ['www/**', 'benches/**/*.js', 'tests/**/*.js'],
    languageOptions: { globals: globals.browser },
    rules: { 'no-restricted-globals': ['error', ...MISLEADING_GLOBALS] },
  },
  // The demo uses the package as an app does.
  { files: ['www/**'], rules: { ...noEval, ...noImports('../../*', 'tonearm/dist/*') } },
  { files: ['tests/e2e/pages/{recorder,tape}.js'], languageOptions: { globals: globals.audioWorklet } },

  // The package.
  ...tseslint.configs.recommended.map((config) => ({ ...config, files: ['pkg/src/**/*.ts'] })),
  {
    files: ['pkg/src/**/*.ts'],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      ...faults,
      ...noEval,
      'no-restricted-globals': ['error', ...MISLEADING_GLOBALS],
      // TypeScript's own rules know types, overloads and declarations.
      'no-unused-vars': 'off',
      'no-use-before-define': 'off',
      '@typescript-eslint/no-unused-vars': faults['no-unused-vars'],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      // What an app hands over may be anything until it is converted (`host/webidl.ts`).
      '@typescript-eslint/no-explicit-any': 'off',
    },
  },
  ...FLOORS.map(floor),

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
