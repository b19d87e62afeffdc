import { withContext } from '../../protocol/data/index.ts'
import type { Row } from '../../protocol/data/index.ts'
import { nearerOf } from '../../protocol/models/index.ts'
import type { Opening, Replayed } from '../../protocol/models/index.ts'
import type { Engine } from '../engine/index.ts'
import { spokenBy } from './spoken.ts'

/** A model's folders. */
export interface Said {
  readonly base: string
  readonly adapter?: string | undefined
  /** What was put before the question. */
  readonly rows?: readonly Row[]
}

/**
 * Says an answer again by these weights and the client's seed, each token that was given in place of the one that would
 * be chosen. Nodes serve from float32 or from 8 bits, and a model's scores differ by more between the two than between
 * machines: so it is said from both, and each token is held against the nearer. `told` may be shorter than the answer:
 * what comes after an end could not have been said any more.
 */
export async function saidAgain(
  engine: Pick<Engine, 'generate'>,
  { base, adapter, rows = [] }: Said,
  { request, content, answer }: Pick<Opening, 'request' | 'content' | 'answer'>,
  signal: AbortSignal | undefined
): Promise<{ readonly told: readonly Replayed[]; readonly inputTokens: number }> {
  const job = {
    model: base,
    ...(adapter === undefined ? {} : { adapter }),
    messages: withContext(content.messages, rows),
    day: content.day,
    ...spokenBy(content, request.message),
    replayIds: answer,
    ...(signal === undefined ? {} : { signal })
  }
  async function from(weights: 'exact' | 'eightBits'): Promise<{ told: Replayed[]; prompt: number }> {
    const told: Replayed[] = []
    const generation = engine.generate({ ...job, [weights]: true })
    for await (const { replayed } of generation) if (replayed !== undefined) told.push(replayed)
    const { promptTokens } = await generation.result
    signal?.throwIfAborted()
    return { told, prompt: promptTokens + content.resume.length }
  }
  const { told: exact, prompt } = await from('exact')
  // Where each token is the first choice nothing can be nearer.
  if (exact.length === answer.length && exact.every(({ lag }) => lag === 0)) return { told: exact, inputTokens: prompt }
  return { told: nearerOf(exact, (await from('eightBits')).told), inputTokens: prompt }
}
