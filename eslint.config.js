import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['**/dist', '**/node_modules', 'docs/packed/consumer.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'prefer-const': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/require-await': 'off',
      // What a target or a signal failed with is passed on as it came.
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
    },
  },
  {
    // terminal.ts decides what may reach a terminal.
    files: ['packages/lab/src/{cli,sources,tune}/**/*.ts'],
    ignores: ['packages/lab/src/cli/terminal.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MemberExpression[property.name="write"][object.property.name=/^std(out|err)$/]',
          message: 'Print with terminal.ts, which keeps control characters away from terminals.',
        },
      ],
    },
  },
  {
    files: ['packages/*/{test,examples}/**/*.ts'],
    languageOptions: { parserOptions: { projectService: false, project: './tsconfig.test.json' } },
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        require: 'readonly',
        module: 'writable',
        URL: 'readonly',
        TextEncoder: 'readonly',
      },
    },
  },
);
