/** Import rules: the direction of arrows in docs/architecture.md, checked. */
const only = (name, modulePath, allowedFrom, why) => ({
  name,
  severity: 'error',
  comment: why,
  from: { pathNot: allowedFrom },
  to: { path: modulePath },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'esbuild.mjs is no cycle: the package it imports has the name of the file',
      from: { pathNot: '^esbuild\\.mjs$' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'core-stands-alone',
      severity: 'error',
      comment: 'core runs in plain Node and knows no shell',
      from: { path: '^src/core' },
      to: { path: '^(src/(cli|engine|localServer|ui|extension|protocol|runPage)|webview|test)' },
    },
    {
      name: 'protocol-knows-core-types-only',
      severity: 'error',
      from: { path: '^src/protocol' },
      to: { path: '^src/(cli|engine|localServer|ui|extension|runPage)' },
    },
    {
      name: 'webview-knows-protocol-only',
      severity: 'error',
      from: { path: '^webview' },
      to: { path: '^src/(?!protocol)' },
    },
    {
      name: 'shells-do-not-meet',
      severity: 'error',
      from: { path: '^src/cli' },
      to: { path: '^src/(ui|engine|localServer|extension)' },
    },
    {
      name: 'engine-is-no-shell',
      severity: 'error',
      from: { path: '^src/engine' },
      to: { path: '^src/(ui|cli|localServer|extension)' },
    },
    {
      name: 'no-client-in-the-extension-host',
      severity: 'error',
      comment: 'requests are the engine’s; the main bundle stays small',
      from: { path: '^src/extension' },
      to: { path: '^src/core/inference/completionClient', reachable: true },
    },
    {
      name: 'local-server-is-a-program',
      severity: 'error',
      from: { path: '^src/(?!localServer)' },
      to: { path: '^src/localServer' },
    },
    {
      name: 'shipped-code-does-not-import-tests',
      severity: 'error',
      from: { path: '^(src|webview)' },
      to: { path: '^(test|bench|scripts)' },
    },
    only(
      'vscode-in-ui-only',
      '^vscode$',
      '^(src/ui|src/extension|test/integration)',
      'the editor API stays in the shell',
    ),
    only(
      'openai-in-one-place',
      'node_modules/openai',
      '^src/core/inference/(completionClient|serverErrors)|^node_modules',
      'one client',
    ),
    only(
      'gpt-tokenizer-in-one-place',
      'node_modules/gpt-tokenizer',
      '^src/core/tokens/estimate|^node_modules',
      'estimates only',
    ),
    only(
      'compute-engine-in-the-grader-thread',
      'node_modules/@cortex-js/compute-engine',
      '^src/core/grade/latex/expressions|^node_modules',
      'loaded in the grader thread only: it is large, and answers are made to be hard on it',
    ),
    {
      name: 'run-page-knows-no-shell',
      severity: 'error',
      comment: 'what the page of a run shows is the same in VS Code and in a file',
      from: { path: '^src/runPage' },
      to: { path: '^src/(cli|engine|localServer|ui|extension)' },
    },
    {
      name: 'no-compute-engine-in-the-extension-host',
      severity: 'error',
      comment: 'traces bring their grades along; the main bundle stays small',
      from: { path: '^src/extension' },
      to: { path: '^src/core/grade/latex/expressions', reachable: true },
    },
    only(
      'toolkit-in-one-place',
      'node_modules/@vscode/webview-ui-toolkit',
      '^webview/shared/controls|^node_modules',
      'archived, kept behind one file',
    ),
    only(
      'llama-in-the-local-server',
      'node_modules/node-llama-cpp',
      '^src/localServer|^node_modules',
      'native code stays in its own process',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
