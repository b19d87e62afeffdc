import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import type { ChatMessage, Engine, GeneratedToken } from '../types.ts'
import { answerOf } from './answer.ts'
import type { Asked, Heard } from './answer.ts'
import type { Agreement } from './types.ts'

// Before a server answers for a model, it is asked what the node knows the answer to: how texts are cut into tokens,
// and what the model goes on with, by float32 weights, where the node can hold them. So who serves a smaller model, or
// another, by a server that says otherwise finds out here, and not from an auditor.

/** Whoever wants to be caught later would answer these alone; an auditor asks others. */
const conversations: readonly (readonly ChatMessage[])[] = [
  [{ role: 'user', content: 'What is the capital of France, and on which river does it lie?' }],
  [{ role: 'user', content: 'Write the numbers from one to ten as words, then  "12 345" in digits.' }],
  [
    { role: 'user', content: 'Name a metal.' },
    { role: 'assistant', content: 'Iron.' },
    { role: 'user', content: 'And a noble gas? \u00dcber \u6c23 \ud83c\udf88' }
  ]
]
const answerTokens = 16
/** Nats that one token adds to the mean at most. */
const mostApart = 5
/** Nearer than this nobody can tell a model from another by so few tokens. */
const alike = 0.02

/** @throws InvalidError `backend-tokens`, `backend-differs` · as the server and the engine */
export async function checkServer(
  asked: Asked,
  own: Pick<Engine, 'inspect' | 'generate' | 'score' | 'unload'>,
  { adapter, tolerance, signal }: { adapter: string | undefined; tolerance: number; signal?: AbortSignal | undefined }
): Promise<Agreement> {
  const tokens = await compareTokens(asked, signal)
  const { fits } = await own.inspect(asked.folder)
  if (!fits.serve) {
    // It still has to answer, and by tokens of the base.
    await ownWords(asked, { tolerance, signal })
    return { tokens, why: 'the base is too large for this machine to answer itself' }
  }
  try {
    const answers = await compareAnswers(asked, own, { adapter, tolerance, signal })
    return { tokens, answers }
  } finally {
    // It was wanted for this alone: what needs it again loads it again.
    await own.unload(asked.folder)
  }
}

async function compareTokens(
  { way, dialect, named, text, folder }: Asked,
  signal: AbortSignal | undefined
): Promise<Agreement['tokens']> {
  let [same, of] = [0, 0]
  for (const messages of conversations) {
    const ids = await text.prompt(folder, messages)
    const there = await dialect
      .tokenize(way, named.model, await text.written(folder, ids), signal)
      .catch((error: unknown) => {
        // A proxy in front of it may pass on no more than answers.
        if (error instanceof TilthError && error.details['status'] === 404) return undefined
        throw error
      })
    if (there === undefined) continue
    of++
    if (there.length === ids.length && there.every((id, i) => id === ids[i])) same++
  }
  if (same < of)
    throw new InvalidError('backend-tokens', `the server cuts ${of - same} of ${of} prompts into other tokens`, {
      help: 'It serves another model than the base, or one whose tokenizer was changed: receipts would be wrong.'
    })
  return { same, of }
}

/** A greedy answer of the server, and whether it counts the prompt as it is. */
async function said(
  asked: Asked,
  prompt: readonly number[],
  logprobs: number | undefined,
  signal: AbortSignal | undefined
): Promise<GeneratedToken[]> {
  const heard: Heard = { promptTokens: undefined }
  const settings = {
    maxTokens: answerTokens,
    temperature: 0,
    seed: 1,
    ...(logprobs === undefined ? {} : { logprobs })
  }
  const answer = answerOf(asked, { model: asked.folder, promptIds: prompt, settings, ...(signal && { signal }) }, heard)
  answer.result.catch(() => undefined) // the iteration throws it
  const tokens: GeneratedToken[] = []
  for await (const token of answer) tokens.push(token)
  const counted = heard.promptTokens ?? prompt.length
  // Where prompts are text a server may leave out what it knows from before.
  if (asked.dialect.can.promptIds ? counted !== prompt.length : counted > prompt.length)
    throw new InvalidError(
      'backend-tokens',
      `the server counts ${counted} tokens of a prompt that has ${prompt.length}`,
      { help: 'It puts a template or a token of its own around prompts: receipts would be wrong.' }
    )
  return tokens
}

const logprobsOf = ({ dialect }: Asked): number | undefined => (dialect.can.logprobs === undefined ? undefined : 0)

async function ownWords(asked: Asked, { signal }: { tolerance: number; signal: AbortSignal | undefined }) {
  const [first = []] = conversations
  await said(asked, await asked.text.prompt(asked.folder, first), logprobsOf(asked), signal)
}

/** How far log-probabilities are apart, over the same tokens behind the same ones. */
interface Apart {
  sum: number
  largest: number
  of: number
}
const meanOf = ({ sum, of }: Apart): number | undefined => (of === 0 ? undefined : sum / of)

function add(to: Apart, there: readonly GeneratedToken[], own: readonly number[]): void {
  there.forEach(({ logprob }, i) => {
    const probability = own[i]
    if (logprob === undefined || probability === undefined) return
    const apart = Math.min(mostApart, Math.abs(Math.log(Math.max(probability, Number.MIN_VALUE)) - logprob))
    to.sum += apart
    to.of++
    to.largest = Math.max(to.largest, apart)
  })
}

/**
 * The server's greedy answers, beside the node's own; and how likely the node finds the very tokens that the server
 * gave: so one token that went another way, as rounding has it, hides nothing of what follows.
 */
async function compareAnswers(
  asked: Asked,
  own: Pick<Engine, 'generate' | 'score'>,
  { adapter, tolerance, signal }: { adapter: string | undefined; tolerance: number; signal: AbortSignal | undefined }
): Promise<NonNullable<Agreement['answers']>> {
  const { folder: model, text } = asked
  const apart: Apart = { sum: 0, largest: 0, of: 0 }
  const fromBase: Apart = { sum: 0, largest: 0, of: 0 }
  let [same, of] = [0, 0]
  for (const messages of conversations) {
    const prompt = await text.prompt(model, messages)
    const there = await said(asked, prompt, logprobsOf(asked), signal)
    const here = await ownAnswer(own, model, adapter, prompt, signal)
    of += Math.max(here.length, there.length)
    same += there.filter(({ id }, i) => here[i] === id).length
    if (there.length === 0) continue
    const answerIds = there.map(({ id }) => id)
    const adapters = adapter === undefined ? [null] : [adapter, null]
    const [scores = [], base] = await own.score({ model, adapters, messages, answerIds })
    add(apart, there, scores)
    if (base !== undefined) add(fromBase, there, base)
  }
  const [mean, plain] = [meanOf(apart), meanOf(fromBase)]
  if (mean !== undefined && mean > tolerance)
    throw differs(`gives its tokens other probabilities (${mean.toFixed(2)} nats apart on average)`)
  // [reject] What an adapter changes, its answers show: a server that leaves it away is as the base is.
  if (mean !== undefined && plain !== undefined && mean > alike && plain < mean)
    throw differs(`is nearer to the base (${plain.toFixed(3)} nats) than to the adapter (${mean.toFixed(3)})`)
  if (of > 0 && same === 0) throw differs('says nothing of what this node says')
  return { same, of, ...(mean === undefined ? {} : { mean, largest: apart.largest }) }
}

const differs = (how: string): InvalidError =>
  new InvalidError('backend-differs', `the server ${how}: it is another model than the one that is offered`, {
    help:
      'See that it has this base, this adapter and few bits taken off; worker.backends takes a wider tolerance ' +
      'for coarse quantisation, which an auditor need not share.'
  })

/** What the node itself goes on with, from float32 weights. */
async function ownAnswer(
  own: Pick<Engine, 'generate'>,
  model: string,
  adapter: string | undefined,
  prompt: readonly number[],
  signal: AbortSignal | undefined
): Promise<readonly number[]> {
  const { ids } = await own.generate({
    model,
    promptIds: prompt,
    settings: { maxTokens: answerTokens, temperature: 0, seed: 1 },
    exact: true,
    ...(adapter === undefined ? {} : { adapter }),
    ...(signal === undefined ? {} : { signal })
  }).result
  return ids
}
