import { withContext } from '../../protocol/data/index.ts'
import type { Row } from '../../protocol/data/index.ts'
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
 * be chosen. `told` may be shorter than the answer: what comes after an end could not have been said any more.
 */
export async function saidAgain(
  engine: Pick<Engine, 'generate'>,
  { base, adapter, rows = [] }: Said,
  { request, content, answer }: Pick<Opening, 'request' | 'content' | 'answer'>,
  signal: AbortSignal | undefined
): Promise<{ readonly told: readonly Replayed[]; readonly inputTokens: number }> {
  const told: Replayed[] = []
  const generation = engine.generate({
    model: base,
    ...(adapter === undefined ? {} : { adapter }),
    messages: withContext(content.messages, rows),
    day: content.day,
    ...spokenBy(content, request.message),
    replayIds: answer,
    // Whatever this machine serves with: float32 is as near to 8 bits as they are to each other.
    exact: true,
    ...(signal === undefined ? {} : { signal })
  })
  for await (const { replayed } of generation) if (replayed !== undefined) told.push(replayed)
  const { promptTokens } = await generation.result
  signal?.throwIfAborted()
  return { told, inputTokens: promptTokens + content.resume.length }
}
