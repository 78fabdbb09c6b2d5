import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { presetSchema } from '../../../src/core/forcing/condition';
import { dialects } from '../../../src/core/inference/dialects';
import {
  commandIds,
  settingsSection,
  traceScheme,
  traceTextLanguage,
  traceViewType,
  walkthroughId,
} from '../../../src/ui/ids';

const root = path.resolve(import.meta.dirname, '..', '..', '..');
const read = (name: string) => JSON.parse(readFileSync(path.join(root, name), 'utf8'));
const manifest = read('package.json');
const texts = read('package.nls.json') as Record<string, string>;
const { commands, menus, configuration, customEditors } = manifest.contributes;
const settings = Object.entries(configuration.properties) as [
  string,
  { markdownDescription: string; default: unknown },
][];

describe('the manifest', () => {
  it('declares exactly the commands that the code has', () => {
    const declared = commands.map(({ command }: { command: string }) => command).sort();
    expect(declared).toEqual(Object.values(commandIds).sort());
  });

  it('has a text for every key it uses, and no text too many', () => {
    const used = [...JSON.stringify(manifest.contributes).matchAll(/"%([\w.]+)%"/g)].map((match) => match[1]);
    const trust = manifest.capabilities.untrustedWorkspaces.description.replaceAll('%', '');
    expect([...new Set([...used, trust])].sort()).toEqual(Object.keys(texts).sort());
  });

  it('puts only its own commands into menus', () => {
    const inMenus = Object.values(menus as Record<string, { command: string }[]>).flat();
    const ids: string[] = Object.values(commandIds);
    expect(inMenus.filter(({ command }) => !ids.includes(command))).toEqual([]);
  });

  it('describes every setting and gives it a default', () => {
    for (const [name, setting] of settings) {
      expect(name.startsWith(`${settingsSection}.`)).toBe(true);
      expect(setting.markdownDescription).toMatch(/^%setting\./);
      expect(setting).toHaveProperty('default');
    }
  });

  it('offers the presets and dialects that there are', () => {
    const { properties } = configuration;
    expect(properties['secondThought.preset'].enum).toEqual(presetSchema.options);
    const server = properties['secondThought.servers'].items.properties;
    expect(server.dialect.examples).toEqual(dialects.map(({ name }) => name));
  });

  it('never takes a server from an untrusted folder', () => {
    expect(manifest.capabilities.untrustedWorkspaces).toMatchObject({
      supported: 'limited',
      restrictedConfigurations: ['secondThought.server', 'secondThought.servers'],
    });
  });

  it('takes addresses from user settings only', () => {
    expect(configuration.properties['secondThought.servers'].scope).toBe('machine');
  });

  it('names the viewer and its scheme as the code does', () => {
    expect(customEditors[0].viewType).toBe(traceViewType);
    expect(manifest.activationEvents).toContain(`onFileSystem:${traceScheme}`);
  });

  it('names the language of trace texts as the code does, and has the files that it names', () => {
    const { languages, grammars } = manifest.contributes;
    expect(languages[0].id).toBe(traceTextLanguage);
    expect(grammars[0].language).toBe(traceTextLanguage);
    const files = [languages[0].configuration, grammars[0].path, manifest.icon];
    expect(files.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  });

  it('has a walkthrough whose pictures exist and whose buttons do something', () => {
    const [walkthrough] = manifest.contributes.walkthroughs;
    expect(walkthrough.id).toBe(walkthroughId);
    const steps: { id: string; description: string; media: { svg: string }; completionEvents: string[] }[] =
      walkthrough.steps;
    expect(steps.filter(({ media }) => !existsSync(path.join(root, media.svg)))).toEqual([]);
    const said = steps.flatMap(({ id, completionEvents }) => [
      texts[`walkthrough.${id}.description`],
      ...completionEvents,
    ]);
    const named = [...said.join('\n').matchAll(/ommand:(secondThought\.\w+)/g)].map((match) => match[1]);
    const ids: string[] = Object.values(commandIds);
    expect(named.filter((id) => !ids.includes(id ?? ''))).toEqual([]);
  });
});
