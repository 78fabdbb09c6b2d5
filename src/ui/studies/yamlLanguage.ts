import * as vscode from 'vscode';
import type * as z from 'zod';
import { fieldsAt, type SchemaField } from '../../core/base/schemaFields';
import { toMarkdown } from '../../core/base/untrustedText';
import { checkYaml, type YamlProblem } from '../../core/base/yamlFile';
import { yamlPlaceAt } from '../../core/base/yamlPath';
import { configFileSchema, folderConfigName } from '../../core/config/configFile';
import { curationSchema } from '../../core/curate/curationFile';
import { jobSpecSchema } from '../../core/jobs/jobSpec';
import { pipelineSchema } from '../../core/jobs/pipeline';
import { studySchema } from '../../core/studies/studyFile';

/** Our YAML files. VS Code itself knows nothing of what may stand in them. */
const kinds: { pattern: string; isMeant(path: string): boolean; schema: z.ZodType }[] = [
  { pattern: '**/*.study.yaml', isMeant: (path) => path.endsWith('.study.yaml'), schema: studySchema },
  { pattern: '**/*.job.yaml', isMeant: (path) => path.endsWith('.job.yaml'), schema: jobSpecSchema },
  { pattern: '**/*.pipeline.yaml', isMeant: (path) => path.endsWith('.pipeline.yaml'), schema: pipelineSchema },
  { pattern: '**/*.curation.yaml', isMeant: (path) => path.endsWith('.curation.yaml'), schema: curationSchema },
  {
    pattern: `**/${folderConfigName}`,
    isMeant: (path) => path.endsWith(`/${folderConfigName}`),
    schema: configFileSchema,
  },
];

const schemaOf = ({ uri }: vscode.TextDocument) => kinds.find(({ isMeant }) => isMeant(uri.path))?.schema;
const source = 'Second Thought';
const checkAfterMs = 200;

/** Diagnostics with a quick fix, completion and hover for studies, curations, jobs, pipelines and the folder's configuration. */
export function registerYamlLanguage(): vscode.Disposable {
  const selector = kinds.map(({ pattern }) => ({ pattern }));
  const problems = new Problems();
  return vscode.Disposable.from(
    problems,
    vscode.languages.registerCompletionItemProvider(selector, { provideCompletionItems: complete }, ' '),
    vscode.languages.registerHoverProvider(selector, { provideHover: hover }),
    vscode.languages.registerCodeActionsProvider(
      selector,
      { provideCodeActions: (document, range) => problems.fixes(document, range) },
      { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] },
    ),
  );
}

/** What is wrong in the open files, kept up to date while they are typed. */
class Problems implements vscode.Disposable {
  readonly #shown = vscode.languages.createDiagnosticCollection('second-thought');
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #subscription = vscode.Disposable.from(
    this.#shown,
    vscode.workspace.onDidOpenTextDocument((document) => this.#check(document)),
    vscode.workspace.onDidChangeTextDocument(({ document }) => this.#checkSoon(document)),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#shown.delete(uri)),
  );

  constructor() {
    for (const document of vscode.workspace.textDocuments) this.#check(document);
  }

  dispose(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#subscription.dispose();
  }

  fixes(document: vscode.TextDocument, range: vscode.Range): vscode.CodeAction[] {
    return problemsIn(document).flatMap(({ suggestion, ...problem }) => {
      const place = rangeOf(document, problem);
      if (suggestion === undefined || !place.intersection(range)) return [];
      const fix = new vscode.CodeAction(`Change to "${suggestion}"`, vscode.CodeActionKind.QuickFix);
      fix.edit = new vscode.WorkspaceEdit();
      fix.edit.replace(document.uri, place, suggestion);
      fix.isPreferred = true;
      return [fix];
    });
  }

  #checkSoon(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    clearTimeout(this.#timers.get(key));
    this.#timers.set(
      key,
      setTimeout(() => this.#check(document), checkAfterMs),
    );
  }

  #check(document: vscode.TextDocument): void {
    if (!schemaOf(document) || document.isClosed) return;
    const diagnostics = problemsIn(document).map((problem) => {
      const hint = problem.suggestion === undefined ? '' : ` Did you mean "${problem.suggestion}"?`;
      const diagnostic = new vscode.Diagnostic(rangeOf(document, problem), problem.message + hint);
      diagnostic.source = source;
      return diagnostic;
    });
    this.#shown.set(document.uri, diagnostics);
  }
}

function problemsIn(document: vscode.TextDocument): YamlProblem[] {
  const schema = schemaOf(document);
  const result = schema && checkYaml(document.getText(), schema);
  return result && 'problems' in result ? result.problems : [];
}

const rangeOf = (document: vscode.TextDocument, { start, end }: Pick<YamlProblem, 'start' | 'end'>) =>
  new vscode.Range(document.positionAt(start), document.positionAt(end));

function complete(document: vscode.TextDocument, position: vscode.Position): vscode.CompletionItem[] {
  const schema = schemaOf(document);
  if (!schema) return [];
  const { path, field } = yamlPlaceAt(document.getText().split(/\r?\n/), position.line, position.character);
  const fields = fieldsAt(schema, path);
  if (field === undefined) return fields.map((each, order) => fieldItem(each, order));
  const values = fields.find(({ name }) => name === field)?.values ?? [];
  return values.map((value) => new vscode.CompletionItem(String(value), vscode.CompletionItemKind.EnumMember));
}

function fieldItem({ name, description, isRequired }: SchemaField, order: number): vscode.CompletionItem {
  const item = new vscode.CompletionItem(name, vscode.CompletionItemKind.Property);
  item.insertText = `${name}: `;
  item.detail = isRequired ? 'needed' : '';
  if (description) item.documentation = new vscode.MarkdownString(toMarkdown(description));
  item.sortText = `${isRequired ? 0 : 1}${String(order).padStart(3, '0')}`;
  return item;
}

function hover(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | undefined {
  const schema = schemaOf(document);
  const range = document.getWordRangeAtPosition(position, /[\w-]+/);
  if (!schema || !range) return undefined;
  const { path } = yamlPlaceAt(document.getText().split(/\r?\n/), range.start.line, range.start.character);
  const field = fieldsAt(schema, path).find(({ name }) => name === document.getText(range));
  if (!field?.description) return undefined;
  const values = field.values.length > 0 ? `\n\n${field.values.map((value) => `\`${value}\``).join(', ')}` : '';
  return new vscode.Hover(new vscode.MarkdownString(toMarkdown(field.description) + values), range);
}
