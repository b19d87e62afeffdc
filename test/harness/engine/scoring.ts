import type { PayoutsDeps } from '../../../node/payouts/index.ts'

type Engine = PayoutsDeps['engine']
/** An answer of these tokens, as they come. */
export function saying(ids: readonly number[]): ReturnType<Engine['generate']> {
  const result = Promise.resolve({ promptTokens: 2, ids: [...ids], text: '', finish: 'stop' as const })
  return {
    result,
    async *[Symbol.asyncIterator]() {
      for (const id of ids) yield { id, text: '' }
    }
  }
}

/** `days`: those that it was told, each once. */
export type WorthEngine = Engine & { scored: number; days: Set<number | undefined> }

/**
 * Engine-shaped: the probability of an answer's one token under coalition `mask` is what its players are worth, and a
 * little of the answer's own.
 */
export function worthEngine(worth: readonly number[] = [0.4, 0.15, 0, -0.03]): WorthEngine {
  const score = (count: number, ids: readonly number[]): number[][] =>
    Array.from({ length: count }, (_, mask) => [
      0.1 + ((ids[0] ?? 0) % 7) / 1000 + worth.reduce((sum, value, i) => sum + ((mask >> i) & 1 ? value : 0), 0)
    ])
  const engine = {
    scored: 0,
    days: new Set<number | undefined>(),
    score: async ({ adapters, answerIds, day }: Parameters<Engine['score']>[0]) => {
      engine.scored++
      engine.days.add(day)
      return score(adapters.length, answerIds)
    },
    scoreMany: async ({ adapters, answers }: Parameters<Engine['scoreMany']>[0]) =>
      answers.map(({ answerIds }) => score(adapters.length, answerIds)),
    encode: async () => ({ prompt: [1, 2], answer: [3, 4] }),
    decode: async () => 'an answer',
    generate: () => saying([3, 4])
  }
  return engine
}
