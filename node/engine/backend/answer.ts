import { InvalidError, anySignal } from '../../../protocol/primitives/index.ts'
import { ModelError } from '../graph/errors.ts'
import { TokenQueue } from '../host/token-queue.ts'
import type { AnswerText, GenerateJob, GenerateResult, GeneratedToken, Generation, TextReader } from '../types.ts'
import type { Dialect, Piece, Question, ToldToken } from './dialects/index.ts'
import { away, callEvents, silent } from './http.ts'
import type { Way } from './http.ts'

/** A model at a server, and what is known of the base here. */
export interface Asked {
  readonly way: Way
  readonly dialect: Dialect
  readonly named: Pick<Question, 'model' | 'adapter'>
  readonly text: TextReader
  /** The base's folder: its tokenizer says what is a token. */
  readonly folder: string
  readonly vocabulary: number
  readonly context: number
  readonly endIds: ReadonlySet<number>
  readonly silenceMs: number
}

/** Bytes that an answer may take on its way: JSON around each token, with the likeliest ones beside it. */
const bytesFor = (tokens: number): number => (1 << 20) + tokens * (16 << 10)

/** What a server said of an answer beside its tokens. */
export interface Heard {
  promptTokens: number | undefined
}

/** An answer of a server, as the node's own engine gives one: iterate for the tokens. */
export function answerOf(asked: Asked, job: GenerateJob, heard: Heard = { promptTokens: undefined }): Generation {
  const queue = new TokenQueue()
  const result = answer(asked, job, heard, token => queue.push([token]))
  result.then(
    () => queue.end(),
    (error: unknown) => queue.end(error)
  )
  return { result, [Symbol.asyncIterator]: () => queue.tokens() }
}

async function answer(
  asked: Asked,
  job: GenerateJob,
  heard: Heard,
  onToken: (token: GeneratedToken) => void
): Promise<GenerateResult> {
  const { text, folder } = asked
  const { settings, resumeIds = [], signal } = job
  const prompt = await promptOf(asked, job)
  const spoken = text.text(folder, settings.stop ?? [])
  let said = resumeIds.length === 0 ? '' : await spoken.push(resumeIds)
  const ids = [...resumeIds]
  let finish: GenerateResult['finish'] = 'length'
  const wanted = Math.min(settings.maxTokens, asked.context - prompt.length)
  if (spoken.stopped) finish = 'stop'
  else if (ids.length < wanted) {
    const enough = new AbortController()
    const either = signal === undefined ? enough.signal : anySignal([signal, enough.signal])
    try {
      const pieces = piecesOf(asked, await questionOf(asked, job, [...prompt, ...ids], wanted - ids.length), either)
      finish = await take(asked, pieces, { wanted, ids, spoken, settings, heard }, token => {
        said += token.text
        onToken(token)
      })
    } catch (error) {
      if (signal?.aborted !== true) throw error
      finish = 'cancelled'
    } finally {
      enough.abort() // what the server would still say is not wanted: it frees its place
    }
  }
  return { promptTokens: prompt.length, ids, text: said + (await spoken.finish()), finish }
}

interface Growing {
  readonly wanted: number
  readonly ids: number[]
  readonly spoken: AnswerText
  readonly settings: GenerateJob['settings']
  readonly heard: Heard
}

/** Takes an answer's tokens until it is over, in whichever way. */
async function take(
  asked: Asked,
  pieces: AsyncIterable<Piece>,
  { wanted, ids, spoken, settings, heard }: Growing,
  onToken: (token: GeneratedToken) => void
): Promise<'stop' | 'length'> {
  for await (const { tokens, finish, promptTokens } of pieces) {
    heard.promptTokens = promptTokens ?? heard.promptTokens
    const known = await knownTokens(asked, tokens, settings.logprobs)
    for (const token of known) {
      if (asked.endIds.has(token.id)) return 'stop'
      ids.push(token.id)
      onToken({ ...token, text: await spoken.push([token.id]) })
      if (spoken.stopped) return 'stop'
      // [ignore] What it gives beyond what was asked for is not taken.
      if (ids.length >= wanted) return 'length'
    }
    if (finish !== undefined) return finish
  }
  // Its end has to be said: a connection may break at any time.
  throw away(asked.way, 'broke off in the middle of an answer')
}

async function* piecesOf(asked: Asked, question: Question, signal: AbortSignal): AsyncGenerator<Piece> {
  const { way, dialect, silenceMs } = asked
  const call = { ...dialect.ask(question), signal, timeoutMs: silenceMs }
  let count = 0
  let last = performance.now()
  for await (const event of callEvents(way, call, bytesFor(question.maxTokens))) {
    const piece = dialect.read(event)
    // [reject] Events without tokens hold no place for ever.
    if (piece.tokens.length > 0) last = performance.now()
    else if (piece.finish === undefined && performance.now() - last > silenceMs) throw silent(way, silenceMs)
    const lost = piece.tokens.length === 0 ? 0 : (piece.count ?? 0) - count - piece.tokens.length
    count += piece.tokens.length + Math.max(0, lost)
    yield lost > 0 ? { ...piece, tokens: await foundAgain(asked, piece, lost) } : piece
  }
}

/**
 * llama.cpp tells no token that ends within a character; the next one it tells comes with the whole text. Which they
 * were follows from that text.
 * @throws InvalidError `backend-tokens`
 */
async function foundAgain({ text, folder }: Asked, { tokens, text: said = '' }: Piece, lost: number) {
  const ids = await text.encode(folder, said)
  const told = tokens.map(({ id }) => id)
  if (ids.length !== lost + tokens.length || told.some((id, i) => id !== ids[lost + i]))
    throw new InvalidError('backend-tokens', 'the server left out tokens that cannot be told from its text', {
      consequence: 'ignore'
    })
  return [...ids.slice(0, lost).map((id): ToldToken => ({ id })), ...tokens]
}

/** Tokens by their ids, each one of the base's. @throws InvalidError `backend-tokens`, `backend-logprobs` */
async function knownTokens(
  { text, folder, vocabulary, endIds }: Asked,
  tokens: readonly ToldToken[],
  logprobs: number | undefined
): Promise<Omit<GeneratedToken, 'text'>[]> {
  const told = tokens.flatMap(({ top = [], ...own }) => [own, ...(logprobs === undefined ? [] : top)])
  const unnamed = told.filter(({ id }) => id === undefined).map(({ bytes = [] }) => bytes)
  const named = unnamed.length === 0 ? [] : await text.named(folder, unnamed)
  let at = 0
  const ids = told.map(({ id }) => id ?? named[at++])
  const bytes =
    logprobs === undefined
      ? []
      : await text.bytes(
          folder,
          ids.map(id => id ?? -1)
        )
  let next = 0
  return tokens.map(({ top = [], logprob }) => {
    const place = next++
    const id = ids[place]
    if (id === undefined || id >= vocabulary)
      throw new InvalidError('backend-tokens', 'the server gives a token that the base does not have', {
        consequence: 'retry',
        help: 'It serves another model than its name says, or one with another vocabulary.'
      })
    if (logprobs === undefined) return { id }
    const others = top.map((one, i) => ({ id: ids[place + 1 + i], logprob: one.logprob, bytes: bytes[place + 1 + i] }))
    next += top.length
    if (logprob === undefined && !endIds.has(id))
      throw new InvalidError('backend-logprobs', 'the server gives a token without its log-probability', {
        consequence: 'retry'
      })
    return {
      id,
      ...(logprob === undefined ? {} : { logprob }),
      bytes: bytes[place] ?? [],
      top: others
        .flatMap(({ id, logprob, bytes = [] }) => (id === undefined ? [] : [{ id, logprob, bytes }]))
        .sort((a, b) => b.logprob - a.logprob)
        .slice(0, logprobs)
    }
  })
}

async function promptOf({ text, context }: Asked, job: GenerateJob): Promise<readonly number[]> {
  const { model, messages, prompt, promptIds, day } = job
  const ids =
    promptIds ??
    (messages === undefined ? await text.encode(model, prompt ?? '') : await text.prompt(model, messages, day))
  if (ids.length === 0)
    throw new ModelError('prompt-empty', 'the prompt has no tokens', { help: 'Give messages or a prompt.' })
  if (ids.length >= context)
    throw new ModelError('prompt-long', `the prompt has ${ids.length} tokens, and the server takes ${context}`, {
      help: 'Shorten it.'
    })
  return ids
}

async function questionOf(
  { dialect, named, text, folder }: Asked,
  { settings }: GenerateJob,
  ids: readonly number[],
  maxTokens: number
): Promise<Question> {
  const { form, logprobs, minP = 0, repetitionPenalty = 1 } = settings
  // [ignore] What an answer has to be is led by the node's own engine, token by token.
  if (form !== undefined || minP !== 0 || repetitionPenalty !== 1)
    throw new InvalidError('backend-form', 'a server cannot be led to an answer of a form', { consequence: 'ignore' })
  if (logprobs !== undefined && (dialect.can.logprobs === undefined || logprobs > dialect.can.logprobs))
    throw new InvalidError('backend-logprobs', `the server tells no ${logprobs} likeliest tokens`, {
      consequence: 'ignore'
    })
  return {
    ...named,
    prompt: dialect.can.promptIds ? ids : await text.written(folder, ids),
    maxTokens,
    temperature: settings.temperature,
    topK: settings.topK ?? 0,
    topP: settings.topP ?? 1,
    seed: settings.seed,
    logprobs
  }
}
