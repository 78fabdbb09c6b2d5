/** What VS Code gives a page. */
interface VsCodeApi<State> {
  postMessage(message: unknown): void;
  getState(): State | undefined;
  setState(state: State): void;
}

declare function acquireVsCodeApi<State>(): VsCodeApi<State>;

/** The one call: a second one throws. */
export function connectToHost<State>(): VsCodeApi<State> {
  return acquireVsCodeApi<State>();
}
