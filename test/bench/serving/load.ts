/** What one concurrent client saw of one answer; times in milliseconds. */
export interface Seen {
  readonly first: number
  readonly tokens: number
}

export interface Figures {
  readonly clients: number
  readonly answers: number
  readonly tokens: number
  readonly tokensPerSecond: number
  /** Time to first token. */
  readonly p50: number
  readonly p99: number
}

/** Asks one question and reads its answer; `onFirst` when the first text is there. @returns its tokens */
export type Ask = (question: string, seed: number, onFirst: () => void) => Promise<number>

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN

/** So many clients ask at once, each one question after another: the same questions whoever answers. */
export async function load(ask: Ask, clients: number, answers: number): Promise<Figures> {
  const seen: Seen[] = []
  const start = performance.now()
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let i = 0; i < answers; i++) {
        const began = performance.now()
        let first = NaN
        const tokens = await ask(`Tell me about thing ${client}, part ${i}.`, client * 1000 + i, () => {
          first = performance.now() - began
        })
        seen.push({ first, tokens })
      }
    })
  )
  const seconds = (performance.now() - start) / 1000
  const tokens = seen.reduce((sum, one) => sum + one.tokens, 0)
  const firsts = seen.map(one => one.first).sort((a, b) => a - b)
  return {
    clients,
    answers: seen.length,
    tokens,
    tokensPerSecond: Math.round(tokens / seconds),
    p50: at(firsts, 0.5),
    p99: at(firsts, 0.99)
  }
}
