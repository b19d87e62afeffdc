import type { GenerateJob, GenerateResult, GeneratedToken, Generation } from '../../../node/engine/types.ts'
import type { ModelsDeps, SpeechSource } from '../../../node/models/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import { pause } from '../wait.ts'

// An engine-shaped object for faults of the protocol: its tokens follow from the question, the seed and the position
// alone, as the real engine's do; token n is written as `w<n> `.

export interface FakeEngineOptions {
  tokenMs?: number
  /** Tokens after which it stops by itself. */
  length?: number
  /** Throws instead of its n-th token. */
  failAt?: number
  /** Waits for this before each token. */
  gate?: () => Promise<void>
}

export type FakeEngine = ModelsDeps['engine'] & { generated: number; running: number; mostRunning: number }

export const tokenAt = (job: Pick<GenerateJob, 'messages' | 'settings'>, position: number): number =>
  Number.parseInt(
    keccak(
      `${JSON.stringify(job.messages)} ${job.settings.temperature === 0 ? 0 : job.settings.seed} ${position}`
    ).slice(2, 7),
    16
  ) % 1000

export function fakeEngine({ tokenMs = 0, length = 10_000, failAt, gate }: FakeEngineOptions = {}): FakeEngine {
  const engine: FakeEngine = {
    generated: 0,
    running: 0,
    mostRunning: 0,
    open: async folder => ({
      folder,
      architecture: 'LlamaForCausalLM',
      parameters: 1,
      layers: 1,
      hidden: 1,
      vocabulary: 1000,
      context: 100_000
    }),
    generate(job) {
      // It runs whether anybody reads or not, as the real one does.
      const queue: GeneratedToken[] = []
      let wake = (): void => undefined
      let over = false
      async function run(): Promise<GenerateResult> {
        const ids = [...(job.resumeIds ?? [])]
        const given = ids.length
        engine.running++
        engine.mostRunning = Math.max(engine.mostRunning, engine.running)
        let finish: GenerateResult['finish'] = 'length'
        while (ids.length < job.settings.maxTokens) {
          await gate?.()
          await pause(tokenMs)
          if (job.signal?.aborted === true) {
            finish = 'cancelled'
            break
          }
          if (ids.length >= length) {
            finish = 'stop'
            break
          }
          if (failAt !== undefined && ids.length - given === failAt) throw new Error('the engine broke')
          const id = tokenAt(job, ids.length)
          ids.push(id)
          engine.generated++
          queue.push({ id, text: `w${id} ` })
          wake()
        }
        return { promptTokens: 0, ids, text: ids.map(id => `w${id} `).join(''), finish }
      }
      const result = run().finally(() => {
        engine.running--
        over = true
        wake()
      })
      result.catch(() => undefined)
      return {
        result,
        async *[Symbol.asyncIterator]() {
          for (;;) {
            for (let token = queue.shift(); token !== undefined; token = queue.shift()) yield token
            if (over) break
            await new Promise<void>(resolve => {
              wake = resolve
            })
          }
          await result
        }
      } satisfies Generation
    }
  }
  return engine
}

/** A token for each word, and the words of `fakeEngine`. */
export const fakeSpeech: SpeechSource = () => ({
  prompt: async messages => messages.flatMap(({ content }) => content.split(' ').map(() => 0)),
  text: () => ({ push: async ids => ids.map(id => `w${id} `).join(''), finish: async () => '', stopped: false })
})
