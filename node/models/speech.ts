import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ChatMessage } from '../../protocol/data/index.ts'
import { Chat, TextStream, Tokenizer } from '../engine/text/index.ts'

/** A model's tokens and text, without its weights: what counts a prompt and turns an answer's tokens into text. */
export interface Speech {
  promptTokens(messages: readonly ChatMessage[]): number
  /** Text as tokens come; see the engine's TextStream. */
  text(stops: readonly string[]): { push(id: number): string; finish(): string }
}

/** By the base model's folder; undefined where it has no tokenizer. */
export type SpeechSource = (folder: string) => Speech | undefined

/** Reads tokenizers and chat templates out of Hugging Face folders, each once. */
export function folderSpeech(): SpeechSource {
  const known = new Map<string, Speech>()
  return folder => {
    const found = known.get(folder)
    if (found !== undefined || !existsSync(join(folder, 'tokenizer.json'))) return found
    const tokenizer = Tokenizer.load(folder)
    const chat = new Chat(tokenizer, [])
    const speech: Speech = {
      promptTokens: messages => chat.prompt(messages).length,
      text: stops => new TextStream(tokenizer, stops)
    }
    known.set(folder, speech)
    return speech
  }
}
