import { ModelError } from '../graph/errors.ts'
import type { ChatMessage, EncodedRow, Row, TrainRow } from '../types.ts'
import { Chat } from './chat.ts'
import type { Day } from './dates.ts'
import { endIdsOf } from './end-ids.ts'
import { TextStream, type TextState } from './stream.ts'
import { Tokenizer } from './tokenizer.ts'

// What runs in a process of its own for each model (reader.ts): a model's chat template is a program, and so are the
// regular expressions of its tokenizer.

interface Opened {
  readonly tokenizer: Tokenizer
  readonly chat: Chat
}

let opened: Opened | undefined

/** Reads the folder that this process is for; the template is compiled once. */
function begin(folder: string): void {
  const endIds = new Set(endIdsOf(folder))
  const tokenizer = Tokenizer.load(folder)
  if (tokenizer.endId !== undefined) endIds.add(tokenizer.endId)
  opened = { tokenizer, chat: new Chat(tokenizer, endIds) }
}

function reading(): Opened {
  if (opened === undefined) throw new ModelError('tokenizer-missing', 'no tokenizer is open')
  return opened
}

export interface PromptsArgument {
  readonly conversations: readonly (readonly ChatMessage[])[]
  readonly day: Day | undefined
}

export interface TrainRowsArgument {
  readonly rows: readonly Row[]
  readonly responseOnly: boolean
  readonly cutoff: number
}

export interface TextArgument {
  readonly stops: readonly string[]
  readonly state: TextState
  readonly ids: readonly number[]
  /** The answer ends with these. */
  readonly last: boolean
}

export const tasks = {
  begin,
  encode: (text: string): number[] => reading().tokenizer.encode(text),
  prompts: ({ conversations, day }: PromptsArgument): number[][] =>
    conversations.map(messages => reading().chat.prompt(messages, day)),
  answers: (rows: readonly Row[]): EncodedRow[] => rows.map(row => reading().chat.answerRow(row)),
  trainRows: ({ rows, ...options }: TrainRowsArgument): TrainRow[] =>
    rows.map(row => reading().chat.trainRow(row, options)),
  text: ({ stops, state, ids, last }: TextArgument): { readonly text: string; readonly state: TextState } => {
    const stream = new TextStream(reading().tokenizer, stops, state)
    const text = ids.map(id => stream.push(id)).join('') + (last ? stream.finish() : '')
    return { text, state: stream.state }
  }
}
