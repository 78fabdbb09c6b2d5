/** Every id that the manifest and the code share, once. */
export const commandIds = {
  forceThinking: 'secondThought.forceThinking',
  forceAgain: 'secondThought.forceAgain',
  evaluateProblem: 'secondThought.evaluateProblem',
  evaluateProblemSet: 'secondThought.evaluateProblemSet',
  clearOutcomes: 'secondThought.clearOutcomes',
  waitAgain: 'secondThought.waitAgain',
  continueTrace: 'secondThought.continueTrace',
  stopThinking: 'secondThought.stopThinking',
  stopAndAnswer: 'secondThought.stopAndAnswer',
  forkTrace: 'secondThought.forkTrace',
  probeTrace: 'secondThought.probeTrace',
  sendToCuration: 'secondThought.sendToCuration',
  searchTraces: 'secondThought.searchTraces',
  openFound: 'secondThought.openFound',
  openTrace: 'secondThought.openTrace',
  openInTraceViewer: 'secondThought.openInTraceViewer',
  dismissTrace: 'secondThought.dismissTrace',
  dismissAllTraces: 'secondThought.dismissAllTraces',
  addServer: 'secondThought.addServer',
  editServer: 'secondThought.editServer',
  removeServer: 'secondThought.removeServer',
  selectServer: 'secondThought.selectServer',
  checkServer: 'secondThought.checkServer',
  setApiKey: 'secondThought.setApiKey',
  clearApiKey: 'secondThought.clearApiKey',
  newStudy: 'secondThought.newStudy',
  runStudy: 'secondThought.runStudy',
  dryRunStudy: 'secondThought.dryRunStudy',
  resumeRun: 'secondThought.resumeRun',
  pauseRun: 'secondThought.pauseRun',
  openRun: 'secondThought.openRun',
  exportRun: 'secondThought.exportRun',
  probeRun: 'secondThought.probeRun',
  renameRun: 'secondThought.renameRun',
  deleteRun: 'secondThought.deleteRun',
  revealRun: 'secondThought.revealRun',
  fineTune: 'secondThought.fineTune',
  serveOnHost: 'secondThought.serveOnHost',
  submitJob: 'secondThought.submitJob',
  reproduceMiniature: 'secondThought.reproduceMiniature',
  addHost: 'secondThought.addHost',
  checkHost: 'secondThought.checkHost',
  connectHost: 'secondThought.connectHost',
  removeHost: 'secondThought.removeHost',
  adoptJobs: 'secondThought.adoptJobs',
  refreshJobs: 'secondThought.refreshJobs',
  openJob: 'secondThought.openJob',
  openJobLog: 'secondThought.openJobLog',
  cancelJob: 'secondThought.cancelJob',
  requeueJob: 'secondThought.requeueJob',
  fetchJob: 'secondThought.fetchJob',
  copyJobCommand: 'secondThought.copyJobCommand',
  openJobTerminal: 'secondThought.openJobTerminal',
  cloneJob: 'secondThought.cloneJob',
  connectServer: 'secondThought.connectServer',
  curateDataSet: 'secondThought.curateDataSet',
  planCuration: 'secondThought.planCuration',
  runCuration: 'secondThought.runCuration',
  openCuration: 'secondThought.openCuration',
  showLog: 'secondThought.showLog',
  openNotes: 'secondThought.openNotes',
  openTraceText: 'secondThought.openTraceText',
  openParent: 'secondThought.openParent',
  compareTraces: 'secondThought.compareTraces',
  openSamples: 'secondThought.openSamples',
  getStarted: 'secondThought.getStarted',
} as const;

export const traceScheme = 'second-thought-trace';
export const traceViewType = 'secondThought.traceViewer';
export const runViewType = 'secondThought.runViewer';
export const curationViewType = 'secondThought.curationViewer';
export const serversViewId = 'secondThought.servers';
export const runsViewId = 'secondThought.runs';
export const searchViewId = 'secondThought.search';
export const jobPageType = 'secondThought.job';
export const jobsViewId = 'secondThought.jobs';
export const inlineControllerId = 'secondThought.inline';
/** Language of `*.trace`, the text form of a trace. */
export const traceTextLanguage = 'second-thought-trace';
export const walkthroughId = 'secondThought.start';
export const statusItemId = 'secondThought.status';
/** A click on the status bar item: not in the palette, which has the same as Open Trace and Force Thinking. */
export const statusClickId = 'secondThought.status.click';
export const settingsSection = 'secondThought';

/** Context key: what the trace that commands are about does: runs, is complete or was interrupted. */
export const traceStateKey = 'secondThought.traceState';
/** Context key: the active editor shows a problem file. */
export const isProblemFileKey = 'secondThought.isProblemFile';
/** Context key: there is a search whose results can be shown. */
export const hasSearchedKey = 'secondThought.hasSearched';
