import { appendFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import * as vscode from 'vscode';
import { SecondThoughtError, toSecondThoughtError } from './core/base/errors';
import type { Trace } from './core/traces/trace';
import type { CurationQuery } from './protocol/curationViewer';
import { actOnCuration } from './ui/commands/curations';
import { forceFirstProblem } from './ui/commands/forceThinking';
import { actOnJob } from './ui/commands/jobs';
import { actOnRun } from './ui/commands/runActions';
import { keepServed } from './ui/commands/servers';
import { registerCommands } from './ui/commands/table';
import { actOnTrace } from './ui/commands/traceActions';
import { compareWith } from './ui/commands/traceTexts';
import type { UiContext } from './ui/context';
import { followContextKeys } from './ui/contextKeys';
import { CurationLenses } from './ui/curations/curationLenses';
import { CurationViewerProvider } from './ui/curations/curationViewer';
import { EngineClient } from './ui/engineClient';
import { jobsViewId, runsViewId, searchViewId, serversViewId, traceScheme } from './ui/ids';
import { InlineTraces } from './ui/inlineTrace/inlineTraces';
import { announceEnds } from './ui/jobs/announceEnds';
import { JobList } from './ui/jobs/jobList';
import { JobLogs } from './ui/jobs/jobLog';
import { JobPages } from './ui/jobs/jobPages';
import { openJobsView } from './ui/jobs/jobTree';
import { ServedModels } from './ui/jobs/servedModels';
import { actAtPlace, removeNote } from './ui/laboratory/actions';
import { LaboratoryState } from './ui/laboratory/laboratory';
import { deleteFork, openRelative } from './ui/laboratory/relatives';
import { laboratoryToWire } from './ui/laboratory/toWire';
import { LiveTraces } from './ui/liveTraces';
import { WorkspaceMemory } from './ui/memory';
import { OutcomeLenses } from './ui/outcomes/outcomeLenses';
import { OutcomeStore } from './ui/outcomes/outcomeStore';
import { presentError } from './ui/presentError';
import { RunTree } from './ui/runs/runTree';
import { RunViewerProvider } from './ui/runViewer/runViewer';
import { SearchTree } from './ui/search/searchTree';
import { ServerStates } from './ui/servers/serverStates';
import { ServerTree } from './ui/servers/serverTree';
import { createStatusItem } from './ui/statusItem';
import { StudyLenses } from './ui/studies/studyLenses';
import { StudyRuns } from './ui/studies/studyRuns';
import { registerYamlLanguage } from './ui/studies/yamlLanguage';
import { provideTerminalCommand } from './ui/terminalCommand';
import { registerTraceTextLanguage } from './ui/traceText/outline';
import { TraceFiles } from './ui/traceViewer/traceFiles';
import { TraceViewerProvider } from './ui/traceViewer/traceViewer';

/** The numbers of a run, by the engine; where it cannot, the log says why and the page goes on without. */
const scoreIn = (engine: EngineClient, log: vscode.LogOutputChannel) => async (run: string) => {
  try {
    return (await engine.ask({ type: 'score', run })).report;
  } catch (error) {
    log.warn(`${run}: ${toSecondThoughtError(error).message}`);
    return undefined;
  }
};

/** What is known of a trace beside itself; where it cannot be told, the log says why and the page goes on without. */
const laboratoryIn = (engine: EngineClient, log: vscode.LogOutputChannel) => async (trace: Trace, run?: string) => {
  try {
    const order = { type: 'laboratory', trace } as const;
    const { laboratory } = await engine.ask(run === undefined ? order : { ...order, run });
    return laboratory && laboratoryToWire(laboratory, trace.id);
  } catch (error) {
    log.debug(`${trace.id}: ${toSecondThoughtError(error).message}`);
    return undefined;
  }
};

/** What the page of a curation asks, answered by the engine. */
const answerIn = (engine: EngineClient) => async (folder: string, query: CurationQuery) => {
  const { curation } = await engine.ask({ type: 'curation', folder, query });
  if (curation) return curation;
  throw new SecondThoughtError('internal', 'The engine gave no answer about the curation.');
};

/** Builds the objects and hands them over. Nothing starts, and nothing is sent, before a command. */
export function activate(context: vscode.ExtensionContext): UiContext {
  const startedAt = performance.now();
  const log = vscode.window.createOutputChannel('Second Thought', { log: true });
  const storage = (context.storageUri ?? context.globalStorageUri).fsPath;
  const scratchFolder = vscode.Uri.joinPath(vscode.Uri.file(storage), 'scratch').fsPath;
  const engine = new EngineClient(context.extensionPath, scratchFolder, log);
  const traces = new LiveTraces(engine);
  const memory = new WorkspaceMemory(context.workspaceState);
  const traceFiles = new TraceFiles(traces);
  const laboratory = new LaboratoryState();
  const report = (work: Promise<unknown>) => void work.catch((error) => presentError(error, log));
  const viewer = new TraceViewerProvider(context.extensionUri, traces, {
    act: (action, trace) => report(actOnTrace(ui, action, trace)),
    actAtPlace: (pointed) => report(actAtPlace(ui, pointed)),
    open: (traceId, run) => report(openRelative(ui, traceId, run)),
    compare: (trace, otherId, run) => report(compareWith(ui, trace, otherId, run)),
    deleteFork: (trace, run, forkId) => report(deleteFork(ui, trace, run, forkId)),
    removeNote: (trace, run, noteId) => report(removeNote(ui, trace, run, noteId)),
    laboratory: laboratoryIn(engine, log),
    logprobs: async (trace, run) =>
      (await engine.ask({ type: 'logprobs', trace, ...(run === undefined ? {} : { run }) })).logprobs,
    onLaboratory: laboratory.onDidChange,
  });
  const studies = new StudyRuns();
  const cli = { extensionPath: context.extensionPath };
  const jobs = new JobList(cli, log, context.globalStorageUri.fsPath);
  const runViewer = new RunViewerProvider(
    context.extensionUri,
    (action, folder) => {
      actOnRun(ui, action, folder).catch((error) => presentError(error, log));
    },
    scoreIn(engine, log),
  );
  const curationViewer = new CurationViewerProvider(
    context.extensionUri,
    (request, folder) => actOnCuration(ui, request, folder).catch((error) => presentError(error, log)),
    answerIn(engine),
  );
  const ui: UiContext = {
    engine,
    traces,
    inline: new InlineTraces(traces, memory),
    outcomes: new OutcomeStore(storage, traces),
    servers: new ServerStates(),
    runs: new RunTree(scratchFolder, traces, studies),
    studies,
    activeRun: () => runViewer.active,
    memory,
    log,
    secrets: context.secrets,
    scratchFolder,
    starting: new Map(),
    activeTrace: () => viewer.active,
    activeTraceRun: () => viewer.activeRun,
    laboratory,
    search: new SearchTree(cli, searchViewId),
    traceFiles,
    extensionUri: context.extensionUri,
    cli,
    jobs,
    jobPages: new JobPages(context.extensionUri, cli, jobs, (action, id) => {
      actOnJob(ui, action, id).catch((error) => presentError(error, log));
    }),
    jobLogs: new JobLogs(cli),
    servedModels: new ServedModels(cli, log, (...served) => keepServed(ui, ...served)),
    terminalCommand: provideTerminalCommand(context, log),
  };
  context.subscriptions.push(
    log,
    engine,
    traces,
    ui.inline,
    ui.outcomes,
    ui.servers,
    ui.runs,
    studies,
    laboratory,
    ui.search,
    TraceViewerProvider.register(viewer),
    RunViewerProvider.register(runViewer),
    CurationViewerProvider.register(curationViewer),
    CurationLenses.register(new CurationLenses()),
    StudyLenses.register(new StudyLenses(studies.onDidChange)),
    registerYamlLanguage(),
    OutcomeLenses.register(new OutcomeLenses(ui.outcomes, memory)),
    vscode.window.createTreeView(serversViewId, { treeDataProvider: new ServerTree(ui) }),
    vscode.window.createTreeView(runsViewId, { treeDataProvider: ui.runs }),
    ui.jobs,
    ui.jobLogs,
    ui.jobPages,
    ui.servedModels,
    openJobsView(ui.jobs, jobsViewId),
    announceEnds(ui),
    createStatusItem(ui),
    followContextKeys(ui, viewer.onDidChangeActive),
    traceFiles,
    vscode.workspace.registerFileSystemProvider(traceScheme, traceFiles, { isReadonly: true }),
    registerTraceTextLanguage(),
    ...registerCommands(ui),
  );
  log.debug(`activated in ${(performance.now() - startedAt).toFixed(1)} ms`);
  if (process.env.SECOND_THOUGHT_ACTIVATION_REPORT) {
    appendFileSync(process.env.SECOND_THOUGHT_ACTIVATION_REPORT, `${performance.now() - startedAt}\n`); // npm run bench
  }
  ui.inline.restore().catch((error) => presentError(error, log));
  if (process.env.SECOND_THOUGHT_START === 'force-first-problem') {
    process.env.SECOND_THOUGHT_START = ''; // once: a reloaded window does not start over
    forceFirstProblem(ui).catch((error) => presentError(error, log));
  }
  return ui;
}
