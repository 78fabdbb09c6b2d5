import type * as vscode from 'vscode';
import * as z from 'zod';
import { presetSchema } from '../core/forcing/condition';

/** Decoders that one problem can be forced with at once; the others are for studies. */
export const quickDecoderSchema = z.enum(['bf', 'none', 'rebase']);
export type QuickDecoder = z.infer<typeof quickDecoderSchema>;

/** What Force Thinking asks for, as far as it differs from the configuration. */
export const quickSettingsSchema = z.object({
  decoder: quickDecoderSchema.optional(),
  maxThinkingTokens: z
    .union([z.int().nonnegative(), z.literal('auto')])
    .nullable()
    .optional(),
  ignore: z.int().nonnegative().optional(),
  cue: z.string().optional(),
  preset: presetSchema.optional(),
  temperature: z.number().min(0).max(2).optional(),
  samples: z.int().min(1).max(64).optional(),
});
export type QuickSettings = z.infer<typeof quickSettingsSchema>;

const placedTraceSchema = z.object({ uri: z.string(), line: z.int(), traceIds: z.array(z.string()) });
/** An inline trace to be shown again after a reload. */
export type PlacedTrace = z.infer<typeof placedTraceSchema>;

/** What a workspace remembers: ids and choices, never data. What does not fit the schema is forgotten. */
export class WorkspaceMemory {
  readonly #state: vscode.Memento;

  constructor(state: vscode.Memento) {
    this.#state = state;
  }

  get quickSettings(): QuickSettings {
    return this.#get('quickSettings', quickSettingsSchema) ?? {};
  }

  setQuickSettings(value: QuickSettings): Thenable<void> {
    return this.#state.update('quickSettings', value);
  }

  /** Id of the server that was chosen for this workspace. */
  get server(): string | undefined {
    return this.#get('server', z.string());
  }

  setServer(id: string | undefined): Thenable<void> {
    return this.#state.update('server', id);
  }

  get inlineTraces(): PlacedTrace[] {
    return this.#get('inlineTraces', z.array(placedTraceSchema)) ?? [];
  }

  setInlineTraces(value: PlacedTrace[]): Thenable<void> {
    return this.#state.update('inlineTraces', value);
  }

  /** Files that were opened as problem files by Evaluate Problem Set. */
  get problemFiles(): string[] {
    return this.#get('problemFiles', z.array(z.string())) ?? [];
  }

  addProblemFile(uri: string): Thenable<void> {
    const others = this.problemFiles.filter((known) => known !== uri);
    return this.#state.update('problemFiles', [...others, uri].slice(-100));
  }

  #get<T>(key: string, schema: z.ZodType<T>): T | undefined {
    const parsed = schema.safeParse(this.#state.get(key));
    return parsed.success ? parsed.data : undefined;
  }
}
