import { InvalidError } from '../../../protocol/primitives/index.ts'
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
const answerTokens = 12
/**
 * Where the two go different ways, the node's own choice may be better by so much, in nats: rounding turns near ties,
 * and four bits turn some more.
 */
const mostBehind = 1.5

/** @throws InvalidError `backend-tokens`, `backend-differs` · as the server and the engine */
export async function checkServer(
  asked: Asked,
  own: Pick<Engine, 'inspect' | 'generate' | 'unload'>,
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
    const there = await dialect.tokenize(way, named.model, await text.written(folder, ids), signal)
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
  if (heard.promptTokens !== undefined && heard.promptTokens !== prompt.length)
    throw new InvalidError(
      'backend-tokens',
      `the server counts ${heard.promptTokens} tokens of a prompt that has ${prompt.length}`,
      { help: 'It puts a template or a token of its own around prompts: receipts would be wrong.' }
    )
  return tokens
}

const logprobsOf = ({ dialect }: Asked): number | undefined => (dialect.can.logprobs === undefined ? undefined : 0)

async function ownWords(asked: Asked, { signal }: { tolerance: number; signal: AbortSignal | undefined }) {
  const [first = []] = conversations
  await said(asked, await asked.text.prompt(asked.folder, first), logprobsOf(asked), signal)
}

async function compareAnswers(
  asked: Asked,
  own: Pick<Engine, 'generate'>,
  { adapter, tolerance, signal }: { adapter: string | undefined; tolerance: number; signal: AbortSignal | undefined }
): Promise<NonNullable<Agreement['answers']>> {
  let [same, of, sum, largest, compared] = [0, 0, 0, 0, 0]
  for (const messages of conversations) {
    const prompt = await asked.text.prompt(asked.folder, messages)
    const there = await said(asked, prompt, logprobsOf(asked), signal)
    const here = await ownAnswer(own, asked.folder, adapter, prompt, signal)
    of += Math.max(here.length, there.length)
    for (const [i, token] of there.entries()) {
      const mine = here[i]
      if (mine?.id === token.id) same++
      // The same token behind the same ones: its probability should be the same.
      const alike = mine?.id === token.id ? mine.logprob : mine?.top?.find(({ id }) => id === token.id)?.logprob
      if (alike !== undefined && token.logprob !== undefined) {
        const apart = Math.abs(alike - token.logprob)
        sum += apart
        compared++
        largest = Math.max(largest, apart)
      }
      if (mine?.id === token.id) continue
      const behind = (mine?.logprob ?? 0) - (alike ?? -Infinity)
      // The server ends where the node goes on, or the other way round: as good as another token that nobody scored.
      if (mine !== undefined && behind > mostBehind) throw differs(`goes on otherwise (${behindText(behind)})`)
      break // behind another token nothing can be compared
    }
  }
  const mean = compared === 0 ? undefined : sum / compared
  if (mean !== undefined && mean > tolerance)
    throw differs(`gives its tokens other probabilities (${mean.toFixed(2)} nats apart on average)`)
  if (same === 0) throw differs('says nothing of what this node says')
  return { same, of, ...(mean === undefined ? {} : { mean, largest }) }
}

const behindText = (behind: number): string =>
  Number.isFinite(behind) ? `by a token that is ${behind.toFixed(2)} nats less likely` : 'by a token that is unlikely'

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
): Promise<GeneratedToken[]> {
  const settings = { maxTokens: answerTokens, temperature: 0, seed: 1, logprobs: 20 }
  const answer = own.generate({
    model,
    promptIds: prompt,
    settings,
    exact: true,
    ...(adapter === undefined ? {} : { adapter }),
    ...(signal === undefined ? {} : { signal })
  })
  answer.result.catch(() => undefined) // the iteration throws it
  const tokens: GeneratedToken[] = []
  for await (const token of answer) tokens.push(token)
  return tokens
}
