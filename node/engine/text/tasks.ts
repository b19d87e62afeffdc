import { ModelError } from '../graph/errors.ts'
import type { ChatMessage, EncodedRow, Row, TrainRow } from '../types.ts'
import { Chat } from './chat.ts'
import type { Day } from './dates.ts'
import { endIdsOf } from './end-ids.ts'
import { plainSpeller, type PlainSpeller, type PlainVocabulary } from './plain.ts'
import { TextStream, type TextState } from './stream.ts'
import { Tokenizer } from './tokenizer.ts'

// What runs in a process of its own for each model (reader.ts): a model's chat template is a program, and so are the
// regular expressions of its tokenizer.

/** More than any vocabulary has. */
const mostTokens = 1 << 20

interface Opened {
  readonly tokenizer: Tokenizer
  readonly chat: Chat
  readonly endIds: readonly number[]
}

let opened: Opened | undefined

/** Reads the folder that this process is for; the template is compiled once. */
function begin(folder: string): void {
  const endIds = new Set(endIdsOf(folder))
  const tokenizer = Tokenizer.load(folder)
  if (tokenizer.endId !== undefined) endIds.add(tokenizer.endId)
  opened = { tokenizer, chat: new Chat(tokenizer, endIds), endIds: [...endIds] }
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

export interface NamesArgument {
  /** What tokens say, as bytes. */
  readonly said: readonly (readonly number[])[]
}

interface Vocabulary {
  readonly bytes: readonly (Uint8Array | undefined)[]
  /** By their bytes as latin1; of several with the same bytes the first. */
  readonly ids: ReadonlyMap<string, number>
}

/** For whoever is told bytes alone. */
let named: Vocabulary | undefined

function vocabulary(): Vocabulary {
  if (named !== undefined) return named
  const bytes = reading().tokenizer.tokenBytes(mostTokens)
  const ids = new Map<string, number>()
  bytes.forEach((said, id) => {
    if (said === undefined) return
    const key = Buffer.from(said).toString('latin1')
    if (!ids.has(key)) ids.set(key, id)
  })
  named = { bytes, ids }
  return named
}

/** What spells tokens at a fifth of a tokenizer's cost; null for a vocabulary that says more than bytes in a row. */
let plain: PlainSpeller | null | undefined

function spellerOf(ids: readonly number[]): Pick<Tokenizer, 'decode'> {
  if (plain === undefined) {
    const vocabulary = reading().tokenizer.plain()
    plain = vocabulary === undefined ? null : plainSpeller(vocabulary)
  }
  return plain?.bytes(ids) === undefined ? reading().tokenizer : plain
}

export const tasks = {
  begin,
  encode: (text: string): number[] => reading().tokenizer.encode(text),
  endIds: (_argument: null): readonly number[] => reading().endIds,
  /** Ids as text that gives them again, special tokens as they are written. */
  written: (ids: readonly number[]): string => reading().tokenizer.decode(ids, { keepSpecial: true }),
  bytes: (ids: readonly number[]): (number[] | undefined)[] =>
    ids.map(id => {
      const said = vocabulary().bytes[id]
      return said && [...said]
    }),
  named: ({ said }: NamesArgument): (number | undefined)[] =>
    said.map(bytes => vocabulary().ids.get(Buffer.from(bytes).toString('latin1'))),
  prompts: ({ conversations, day }: PromptsArgument): number[][] =>
    conversations.map(messages => reading().chat.prompt(messages, day)),
  answers: (rows: readonly Row[]): EncodedRow[] => rows.map(row => reading().chat.answerRow(row)),
  plain: (_argument: null): PlainVocabulary | undefined => reading().tokenizer.plain(),
  trainRows: ({ rows, ...options }: TrainRowsArgument): TrainRow[] =>
    rows.map(row => reading().chat.trainRow(row, options)),
  text: ({ stops, state, ids, last }: TextArgument): { readonly text: string; readonly state: TextState } => {
    const stream = new TextStream(spellerOf([...state.ids, ...ids]), stops, state)
    return { text: stream.take(ids, last), state: stream.state }
  }
}
