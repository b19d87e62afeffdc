import assert from 'node:assert/strict'
import { appendFileSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openEngine } from '../../node/engine/index.ts'
import type { Engine, PartJob, TuneResult } from '../../node/engine/types.ts'
import { readAll, writeSafetensors } from '../../node/engine/weights/safetensors.ts'
import { stateFile, statesFit } from '../../node/engine/train/states.ts'
import { farthest } from '../../node/jobs/index.ts'
import { refuseSame } from '../../node/payouts/models.ts'
import { leastSteps, mostSegments, segmentEnds } from '../../protocol/jobs/index.ts'
import { elements, modelFolder, settings, temporary } from './fixture.ts'

// What a worker commits to while siblings are trained side by side is found again by whoever runs a segment alone.

describe('parts of trainings', function () {
  this.timeout(120_000)
  const folder = temporary()
  /** Five segments, two and three. */
  const trained = { ...settings, epochs: 80, ema: 0.9, lora: { ...settings.lora, dropout: 0.1 } }
  const coalitions = [
    [0, 1, 2, 3, 4, 5, 6, 7],
    [1, 4, 6],
    [0, 2, 3, 5, 7]
  ]
  const states = join(folder.path, 'states')
  const outputOf = (k: number): string => join(folder.path, `sibling-${k}`)
  let engine: Engine
  let model: string
  let results: TuneResult[]

  before(async () => {
    engine = openEngine({ threads: 1, provider: 'cpu' })
    model = modelFolder(folder.path)
    mkdirSync(states)
    const output = coalitions.map((_, k) => outputOf(k))
    results = await engine.tuneSiblings({
      model,
      rows: elements,
      coalitions,
      settings: trained,
      output,
      states: { folder: states }
    })
  })
  after(async () => {
    await engine.close()
    folder.remove()
  })

  const endsOf = (k: number): number[] => segmentEnds(results[k]?.losses.length ?? 0)
  /** A segment of a sibling, as its worker has committed to it. */
  function partOf(k: number, segment: number, over: Partial<PartJob> = {}): PartJob {
    const ends = endsOf(k)
    const from = ends[segment - 1] ?? 0
    return {
      model,
      rows: (coalitions[k] ?? []).flatMap(i => elements[i] ?? []),
      settings: trained,
      from,
      to: ends[segment] ?? 0,
      ...(segment === 0 ? {} : { begin: stateFile(states, k, from) }),
      end: stateFile(states, k, ends[segment] ?? 0),
      last: { state: stateFile(states, k, ends.at(-1) ?? 0), delivered: outputOf(k) },
      ...over
    }
  }

  it('are committed to where the states that there are by their steps fit on a disk', () => {
    const [short, long] = [leastSteps, mostSegments * leastSteps]
    assert.ok(
      statesFit(
        Array.from({ length: 16 }, () => short),
        2 ** 30
      )
    )
    assert.ok(
      !statesFit(
        Array.from({ length: 17 }, () => short),
        2 ** 30
      )
    )
    assert.ok(statesFit([long, long], 2 ** 30))
    assert.ok(!statesFit([long, long, short], 2 ** 30))
  })

  it('are committed to by no training that may stop early, which would have other segments than written', async () => {
    const none = join(folder.path, 'early')
    mkdirSync(none)
    const [early] = await engine.tuneSiblings({
      model,
      rows: elements,
      coalitions: [[0, 1, 2, 3, 4, 5, 6, 7]],
      settings: { ...trained, evaluation: { rows: elements, everySteps: 8, patience: 1 } },
      output: [join(folder.path, 'early-adapter')],
      states: { folder: none }
    })
    assert.ok(early!.losses.length > 0)
    assert.deepEqual(readdirSync(none), [])
  })

  it('come out as they were committed to, though trained beside others', async () => {
    for (const k of coalitions.keys())
      for (const segment of new Set([0, 1, endsOf(k).length - 1])) {
        const { steps, distance, delivered } = await engine.runPart(partOf(k, segment))
        assert.deepEqual([steps, delivered], [results[k]?.losses.length, true])
        assert.ok(distance < farthest / 10, `segment ${segment} of sibling ${k} is off by ${distance}`)
      }
  })

  it('show one row less, another seed, fewer steps, and a state from elsewhere', async () => {
    const part = partOf(0, 3)
    const far = async (over: Partial<PartJob>): Promise<void> => {
      const { distance } = await engine.runPart({ ...part, ...over })
      assert.ok(distance > 10 * farthest, `off by ${distance} only`)
    }
    await far({ rows: part.rows.slice(1) })
    await far({ settings: { ...trained, seed: trained.seed + 1 } })
    await far({ to: part.to - 8 })
    await far({ begin: stateFile(states, 0, endsOf(0)[1]!) })
    await far({ end: stateFile(states, 0, endsOf(0)[4]!) })
    await far({ end: stateFile(states, 2, endsOf(2)[2]!) })
  })

  it('show an average that was put in place of the right one, and moments too', async () => {
    const whole = readAll(partOf(0, 3).end!)
    for (const part of ['average', 'first', 'second']) {
      const file = join(folder.path, `forged-${part}`)
      const forged = [...whole.values()].map(one =>
        one.name.endsWith(`#${part}`) ? { ...one, data: one.data.map(x => 1.1 * x) } : one
      )
      writeSafetensors(file, forged)
      const { distance } = await engine.runPart(partOf(0, 3, { end: file }))
      assert.ok(distance > 5 * farthest, `${part} is off by ${distance} only`)
    }
  })

  it('of different coalitions come to different weights, whatever their files say besides', async () => {
    const copy = join(folder.path, 'copy')
    cpSync(outputOf(1), copy, { recursive: true })
    appendFileSync(join(copy, 'adapter_config.json'), '\n')
    const tensors = [...readAll(join(copy, 'adapter_model.safetensors')).values()].toReversed()
    writeSafetensors(join(copy, 'adapter_model.safetensors'), tensors, 'F32', { of: 'another order' })
    await refuseSame([null, ...coalitions.map((_, k) => outputOf(k))])
    await assert.rejects(refuseSame([null, outputOf(0), outputOf(1), copy]), { code: 'result.same' })
  })

  it('show what was delivered otherwise than the last state says', async () => {
    const { delivered } = await engine.runPart(
      partOf(0, 0, { last: { state: stateFile(states, 0, endsOf(0).at(-1)!), delivered: outputOf(2) } })
    )
    assert.equal(delivered, false)
  })

  it('of no step are where a training begins, and show steps that were kept quiet about', async () => {
    const output = [join(folder.path, 'nothing')]
    await engine.tuneSiblings({ model, rows: elements, coalitions: [[]], settings: trained, output })
    const none = { model, settings: trained, from: 0, to: 0 }
    const ran = (rows: PartJob['rows'], delivered = output[0]!) =>
      engine.runPart({ ...none, rows, last: { delivered } })
    assert.deepEqual(await ran([]), { steps: 0, distance: 0, delivered: true })
    assert.deepEqual(await ran([], outputOf(1)), { steps: 0, distance: 0, delivered: false })
    assert.equal((await ran(partOf(0, 0).rows)).steps, results[0]?.losses.length)
  })

  it('take what is no state for infinitely far, and fall over nothing', async () => {
    const [torn, long, none] = ['torn', 'long', 'none'].map(name => join(folder.path, name)) as [string, string, string]
    writeFileSync(torn, 'no tensors at all')
    cpSync(partOf(0, 3).end!, long)
    appendFileSync(long, Buffer.alloc(64))
    const nan = [...readAll(partOf(0, 3).end!).values()].map(one => ({ ...one, data: one.data.map(() => Number.NaN) }))
    writeSafetensors(none, nan)
    for (const over of [{ end: torn }, { begin: torn }, { end: none }, { begin: none }])
      assert.equal((await engine.runPart(partOf(0, 3, over))).distance, Infinity)
    // What stands behind the tensors is nobody's; it is refused or read past.
    assert.ok((await engine.runPart(partOf(0, 3, { end: long }))).distance >= 0)
  })
})
