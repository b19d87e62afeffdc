import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ChatMessage } from '../../protocol/data/index.ts'
import type { AnswerText, TextReader } from '../engine/types.ts'

/** A model's tokens and text, without its weights: what counts a prompt and turns an answer's tokens into text. */
export interface Speech {
  /** The tokens of a prompt on a day (days since 1970 in UTC). @throws as the engine's TextReader */
  prompt(messages: readonly ChatMessage[], day: number): Promise<readonly number[]>
  /** Text as tokens come. */
  text(stops: readonly string[]): AnswerText
}

/** By the base model's folder; undefined where it has no tokenizer. */
export type SpeechSource = (folder: string) => Speech | undefined

/** Speech of Hugging Face folders. */
export const folderSpeech =
  (reader: TextReader): SpeechSource =>
  folder =>
    existsSync(join(folder, 'tokenizer.json'))
      ? {
          prompt: (messages, day) => reader.prompt(folder, messages, day),
          text: stops => reader.text(folder, stops)
        }
      : undefined
