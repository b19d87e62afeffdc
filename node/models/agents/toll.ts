import type { AgentManifest } from '../../../protocol/models/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Answerer } from '../../engine/backend/types.ts'
import type { GeneratedToken } from '../../engine/types.ts'
import type { Speech } from '../speech.ts'

// An agent's own fee is paid like an answer: to whoever offers the agent, over a channel for its registration, which
// divides it as its builder has registered. The request names the receipts of its steps, and the answer is one token
// without a word, so that its price is the fee of a call. There is no second set of rules about money.

/** The token that acknowledges a call. */
export const tollToken = 0

/** Nothing of the request is read as a prompt: its fee is the same whatever it names. */
export const tollSpeech: Speech = {
  prompt: async () => [],
  text: () => ({ push: async () => '', finish: async () => '', stopped: false })
}

export const tollAnswerer: Answerer = {
  name: 'agent',
  away: () => undefined,
  close: () => undefined,
  generate({ resumeIds = [] }) {
    // What was given before is not given again.
    const given: GeneratedToken[] = resumeIds.length === 0 ? [{ id: tollToken, text: '' }] : []
    const ids = [...resumeIds, ...given.map(({ id }) => id)]
    return {
      result: Promise.resolve({ promptTokens: 0, ids, text: '', finish: 'length' as const }),
      async *[Symbol.asyncIterator]() {
        yield* given
      }
    }
  }
}

/** What an agent is offered at. @throws InvalidError `agent.free` where there is nothing to offer */
export function tollPrices({ fee }: AgentManifest): { inputPrice: bigint; outputPrice: bigint } {
  if (fee === 0n)
    throw new InvalidError('agent.free', 'this agent has no fee of its own: nobody needs to offer it', {
      help: 'It can be asked as it is; its steps are offered by their workers.'
    })
  return { inputPrice: 0n, outputPrice: fee }
}
