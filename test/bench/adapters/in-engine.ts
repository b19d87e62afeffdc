import { openEngine } from '../../../node/engine/index.ts'

const quantile = (of: readonly number[], share: number): number =>
  of.toSorted((a, b) => a - b)[Math.min(of.length - 1, Math.floor(share * of.length))] ?? NaN
const round = (of: number): number => Math.round(10 * of) / 10

/** What the engine takes for adapters that lie on the disk, and for batches of them, with no network about it. */
export async function inEngine({
  model,
  folders,
  batch,
  maxTokens,
  threads,
  quantize
}: {
  model: string
  folders: readonly string[]
  batch: number
  maxTokens: number
  threads: number
  quantize: 'none' | 'int8' | 'int4'
}): Promise<Record<string, number>> {
  const engine = openEngine({ threads, quantize })
  try {
    const answer = async (adapter: string | undefined, seed: number, most = maxTokens): Promise<number> => {
      const { ids } = await engine.generate({
        model,
        ...(adapter === undefined ? {} : { adapter }),
        messages: [{ role: 'user', content: `Tell me about thing ${seed}.` }],
        settings: { maxTokens: most, temperature: 0, seed }
      }).result
      return ids.length
    }
    const timed = async (work: () => Promise<unknown>): Promise<number> => {
      const start = performance.now()
      await work()
      return performance.now() - start
    }
    await answer(undefined, 0, 1)
    await answer(folders[0], 0, 1)
    const first: number[] = []
    const again: number[] = []
    for (const folder of folders.slice(1, batch)) {
      first.push(await timed(() => answer(folder, 1, 1)))
      again.push(await timed(() => answer(folder, 1, 1)))
    }
    const rate = async (of: readonly (string | undefined)[]): Promise<number> => {
      let tokens = 0
      const ms = await timed(async () => {
        for (const one of await Promise.all(of.map((folder, i) => answer(folder, i)))) tokens += one
      })
      return (1000 * tokens) / ms
    }
    const different = folders.slice(0, batch)
    const same = different.map(() => different[0])
    const rates: [number[], number[], number[], number[]] = [[], [], [], []]
    for (let turn = 0; turn < 3; turn++)
      for (const [i, of] of [different, same, different.map(() => undefined), same.slice(0, 1)].entries())
        rates[i]?.push(await rate(of))
    const [d = 0, s = 0, none = 0, alone = 0] = rates.map(one => quantile(one, 0.5))
    return {
      engineFirstP50: round(quantile(first, 0.5)),
      engineFirstP99: round(quantile(first, 0.99)),
      engineAgainP50: round(quantile(again, 0.5)),
      engineDifferent: round(d),
      engineSame: round(s),
      engineBase: round(none),
      engineAlone: round(alone),
      engineRatio: Math.round((100 * d) / s) / 100
    }
  } finally {
    await engine.close()
  }
}
