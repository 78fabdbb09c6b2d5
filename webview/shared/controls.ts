import { provideVSCodeDesignSystem, vsCodeButton } from '@vscode/webview-ui-toolkit';

/** The only importer of the UI toolkit, which is archived: when it goes, this file changes. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(vsCodeButton());
}

/** A button in the look of VS Code. */
export function createButton(label: string, kind: 'primary' | 'secondary', onClick: () => void): HTMLElement {
  const button = document.createElement('vscode-button');
  button.setAttribute('appearance', kind);
  button.textContent = label;
  button.addEventListener('click', onClick);
  return button;
}
