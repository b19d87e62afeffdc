import { z } from 'zod'
import { InvalidError } from '../../../../protocol/primitives/index.ts'
import type { Way } from '../http.ts'
import type { BackendCan, BackendKind } from '../types.ts'

/** A token as a server tells it: by its id, or by its bytes where it has none. */
export interface ToldToken {
  readonly id?: number
  readonly bytes?: readonly number[]
  readonly logprob?: number
  readonly top?: readonly { readonly id?: number; readonly bytes?: readonly number[]; readonly logprob: number }[]
}

/** What one event of an answer says. */
export interface Piece {
  readonly tokens: readonly ToldToken[]
  /** The answer is over. */
  readonly finish?: 'stop' | 'length'
  /** Tokens of the prompt, as the server counts them. */
  readonly promptTokens?: number
  /** Tokens that were given so far, where the server counts those that it does not tell. */
  readonly count?: number
  /** The text of this event, where tokens may have to be told from it. */
  readonly text?: string
}

/** A question to a server. */
export interface Question {
  /** What it calls what it is to answer by. */
  readonly model: string
  /** The adapter's number, where it has those. */
  readonly adapter?: number | undefined
  readonly prompt: readonly number[] | string
  readonly maxTokens: number
  readonly temperature: number
  readonly topK: number
  readonly topP: number
  readonly seed: number
  readonly logprobs: number | undefined
}

export interface ServerFacts {
  /** Its models, as it calls them. */
  readonly models: readonly string[]
  readonly context?: number | undefined
}

export interface AdapterFacts {
  readonly cid: string
  /** As the server sees it. */
  readonly folder: string
}

/** How one kind of server is spoken to. */
export interface Dialect {
  readonly kind: BackendKind
  readonly can: BackendCan
  /** Whether it is a server of this kind. */
  is(way: Way, signal?: AbortSignal): Promise<boolean>
  /** Whether it is there. @throws as callJson */
  health(way: Way, signal?: AbortSignal): Promise<void>
  facts(way: Way, signal?: AbortSignal): Promise<ServerFacts>
  /** How it cuts a text; undefined where it does not say. */
  tokenize(way: Way, model: string, text: string, signal?: AbortSignal): Promise<number[] | undefined>
  /** Has an adapter ready. @returns what a question names. @throws InvalidError `backend-adapter` */
  adapter(
    way: Way,
    adapter: AdapterFacts,
    model: string,
    signal?: AbortSignal
  ): Promise<Pick<Question, 'model' | 'adapter'>>
  /** Gives back what `adapter` had it load, where it loads any. @throws as callJson */
  forget?(way: Way, cid: string): Promise<void>
  ask(question: Question): { readonly path: string; readonly body: unknown }
  /** @throws InvalidError `backend-answer` for what is none · as the server says */
  read(event: unknown): Piece
}

/** What looks at a server should take. */
export const lookMs = 10_000
/** An adapter is read from a disk, perhaps over a network. */
export const loadMs = 120_000

export const modelList = z.object({
  data: z
    .array(z.object({ id: z.string().max(400), max_model_len: z.int().min(1).nullish() }))
    .min(1)
    .max(10_000)
})

/** Reads by a schema what a server sent. */
export function readAs<T extends z.ZodType>(schema: T, event: unknown): z.infer<T> {
  const parsed = schema.safeParse(event)
  if (parsed.success) return parsed.data
  // Further in are names that the server chose.
  const at = parsed.error.issues[0]?.path.slice(0, 3).join('.') ?? ''
  throw new InvalidError('backend-answer', `the server sends something else than an answer${at && ` (${at})`}`, {
    consequence: 'retry'
  })
}

export const bytesOfText = (text: string): number[] => [...new TextEncoder().encode(text)]
