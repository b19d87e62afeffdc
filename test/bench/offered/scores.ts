// A model's scores at each token of some answers, from one form of its weights: forked by scores.ts of the folder above
// in the environment, and with the instructions, that this form is to be had from. Written to a file as float32.
import { closeSync, openSync, writeSync } from 'node:fs'
import { readAdapter } from '../../../node/engine/adapters/index.ts'
import { halved, inEightBits, inFourBits, loadModel } from '../../../node/engine/architecture/index.ts'
import type { LoadedModel } from '../../../node/engine/architecture/index.ts'
import type { Provider } from '../../../node/engine/index.ts'
import { openStepper } from '../../../node/engine/serve/stepper.ts'

export interface Scoring {
  readonly model: string
  readonly adapter?: string
  readonly form: 'float32' | 'float16' | 'int8' | 'int4'
  readonly provider: Provider
  readonly threads: number
  /** Layers that are left out, from the middle. */
  readonly without?: number
  readonly answers: readonly { readonly prompt: readonly number[]; readonly answer: readonly number[] }[]
  readonly file: string
}

const forms: Record<Scoring['form'], (model: LoadedModel) => LoadedModel> = {
  float32: model => model,
  float16: halved,
  int8: inEightBits,
  int4: inFourBits
}

/** A smaller model of the same kind: the layers after those that are left out close up. */
function shorter(model: LoadedModel, less: number): LoadedModel {
  if (less === 0) return model
  const layers = model.config.layers - less
  const first = Math.floor(layers / 2)
  const parameters = new Map(
    [...model.parameters].flatMap(([name, values]) => {
      const layer = /^model\.layers\.(\d+)\./u.exec(name)?.[1]
      if (layer === undefined || Number(layer) < first) return [[name, values] as const]
      if (Number(layer) < first + less) return []
      return [[name.replace(`.${layer}.`, `.${Number(layer) - less}.`), values] as const]
    })
  )
  return { ...model, config: { ...model.config, layers }, parameters }
}

async function write({ model: folder, adapter, form, provider, threads, without = 0, answers, file }: Scoring) {
  const loaded = shorter(loadModel(folder, 'none'), without)
  const over = adapter === undefined ? null : readAdapter(adapter, loaded.config)
  const stepper = openStepper(forms[form](loaded), { threads, provider })
  const out = openSync(file, 'w')
  for (const { prompt, answer } of answers) {
    const row = stepper.open()
    let scores: Float32Array = new Float32Array(0)
    for (let at = 0; at < prompt.length; at += stepper.prefillChunk)
      scores = await stepper.step([{ row, ids: prompt.slice(at, at + stepper.prefillChunk), adapter: over }])
    for (const id of answer) {
      writeSync(out, scores)
      scores = await stepper.step([{ row, ids: [id], adapter: over }])
    }
    stepper.close(row)
  }
  closeSync(out)
  await stepper.release()
}

process.on('message', (job: Scoring) => {
  write(job).then(
    () => process.send?.({}),
    (error: unknown) =>
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  )
})
