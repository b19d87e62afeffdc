import { isDora, stackAdapters, withGains, withLora } from '../adapters/index.ts'
import { buildDecoder, demandMemory, fitGraph, logits, weightFeeds, type Quantization } from '../architecture/index.ts'
import { floats, i64, Session, type RuntimeOptions } from '../graph/session.ts'
import { Scorer } from '../serve/index.ts'
import { checkRow, sequenceFeeds } from '../train/index.ts'
import { loadTuned } from './tuned.ts'

export interface ScoreRequest {
  readonly model: string
  readonly adapter?: string | undefined
  readonly quantize?: Quantization | undefined
  readonly ids: readonly (readonly number[])[]
  readonly labels?: readonly (readonly number[])[] | undefined
  readonly runtime: RuntimeOptions
}

/** Logits of each row's last position, and each row's mean loss where labels are given (null where none count). */
export async function scoreIds(request: ScoreRequest): Promise<{ logitsLast: number[][]; loss?: (number | null)[] }> {
  const { model, adapter: found } = loadTuned(request.model, request.adapter, request.quantize)
  const adapter = found && (await withGains(found, model))
  const rows = request.ids.map((ids, i) => ({ ids: [...ids], labels: [...(request.labels?.[i] ?? ids)] }))
  rows.forEach((row, i) => checkRow(row, model.config, i))
  const decoder = buildDecoder(model.config)
  decoder.graph.output('logits', logits(model.config, decoder))
  const graph =
    adapter === null
      ? decoder.graph
      : withLora(decoder.graph, adapter.modules, adapter.rank, 1, 'branch', isDora(adapter))
  const session = await Session.create(fitGraph(model, graph), request.runtime)
  const stack = adapter === null ? {} : stackAdapters([adapter], adapter.modules, adapter.rank)
  const logitsLast: number[][] = []
  for (const ids of request.ids) {
    demandMemory(model.config, { rows: 1, time: ids.length, targets: 1, kept: 0 })
    const out = await session.run({
      ...weightFeeds(model),
      ...stack,
      ...sequenceFeeds([{ ids }], ids.length),
      targets: i64([ids.length - 1], [1])
    })
    logitsLast.push([...floats(out['logits'])])
  }
  await session.release()
  if (request.labels === undefined) return { logitsLast }
  const scorer = new Scorer(model, request.runtime)
  const [losses = []] = await scorer.losses([adapter], rows)
  await scorer.release()
  return {
    logitsLast,
    loss: losses.map(own => (own.length === 0 ? null : own.reduce((a, b) => a + b, 0) / own.length))
  }
}
