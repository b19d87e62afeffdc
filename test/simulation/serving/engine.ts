import type { GenerateResult, GeneratedToken } from '../../../node/engine/types.ts'
import type { ModelsDeps } from '../../../node/models/index.ts'
import type { Clock } from '../../../node/runtime/index.ts'
import type { ChatMessage } from '../../../protocol/data/index.ts'

// In the engine's place behind its own interface: what is looked at here is who pays for tokens, not what they say.

const tokenMs = 30

/** A token of the answer to a question: the same at every worker that is honest. */
export function tokenAt(messages: readonly ChatMessage[], position: number): number {
  let mixed = position + 1
  for (const { content } of messages)
    for (const letter of content) mixed = Math.imul(mixed ^ letter.charCodeAt(0), 0x01000193) >>> 0
  return mixed % 1000
}

/** @param clock of the process: what it has begun ends with it */
export const simulatedEngine = (clock: Clock): ModelsDeps['engine'] => ({
  open: async folder => ({
    folder,
    architecture: 'LlamaForCausalLM',
    parameters: 1,
    layers: 1,
    hidden: 1,
    vocabulary: 1000,
    context: 100_000
  }),
  generate({ messages = [], resumeIds = [], settings, signal }) {
    const queue: GeneratedToken[] = []
    const isStopped = (): boolean => signal?.aborted === true
    let [isOver, wake] = [false, (): void => undefined]
    async function run(): Promise<GenerateResult> {
      const ids = [...resumeIds]
      while (ids.length < settings.maxTokens && !isStopped()) {
        await clock.sleep(tokenMs)
        const id = tokenAt(messages, ids.length)
        ids.push(id)
        queue.push({ id, text: `w${id} ` })
        wake()
      }
      const finish = isStopped() ? 'cancelled' : 'length'
      return { promptTokens: 0, ids, text: ids.map(id => `w${id} `).join(''), finish }
    }
    const result = run().finally(() => {
      isOver = true
      wake()
    })
    result.catch(() => undefined) // whoever reads is told
    return {
      result,
      async *[Symbol.asyncIterator]() {
        for (;;) {
          for (let token = queue.shift(); token !== undefined; token = queue.shift()) yield token
          if (isOver) break
          await new Promise<void>(resolve => {
            wake = resolve
          })
        }
        await result
      }
    }
  }
})
