/** Every id that the manifest and the code share, once. */
export const commandIds = {
  forceThinking: 'secondThought.forceThinking',
  evaluateProblem: 'secondThought.evaluateProblem',
  waitAgain: 'secondThought.waitAgain',
  continueTrace: 'secondThought.continueTrace',
  stopThinking: 'secondThought.stopThinking',
  stopAndAnswer: 'secondThought.stopAndAnswer',
  openTrace: 'secondThought.openTrace',
  setApiKey: 'secondThought.setApiKey',
  clearApiKey: 'secondThought.clearApiKey',
  showLog: 'secondThought.showLog',
  openTraceText: 'secondThought.openTraceText',
  compareTraces: 'secondThought.compareTraces',
  openSamples: 'secondThought.openSamples',
  getStarted: 'secondThought.getStarted',
} as const;

export const traceScheme = 'second-thought-trace';
export const traceViewType = 'secondThought.traceViewer';
/** Language of `*.trace`, the text form of a trace. */
export const traceTextLanguage = 'second-thought-trace';
export const walkthroughId = 'secondThought.start';
export const statusItemId = 'secondThought.status';
/** A click on the status bar item: not in the palette, which has the same as Open Trace and Force Thinking. */
export const statusClickId = 'secondThought.status.click';
export const settingsSection = 'secondThought';

/** Context key: the active editor shows a trace that runs, is complete or was interrupted. */
export const traceStateKey = 'secondThought.traceState';
