import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { TrainSettings } from '../../../protocol/jobs/index.ts'
import { tasks } from '../../../node/jobs/builder/peft.ts'
import { newFull, writeTuned } from '../../../node/engine/adapters/index.ts'
import { readConfig } from '../../../node/engine/index.ts'
import { readAll, writeSafetensors } from '../../../node/engine/weights/index.ts'
import { temporary, vectors } from '../../engine/fixture.ts'

describe('what a delivered adapter is checked for', () => {
  const folder = temporary()
  after(() => folder.remove())
  const source = join(vectors, 'llama-tied/adapter-start')
  const lora = { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'], dropout: 0 }

  it('all layers of the projections that the job asked for are in it', () => {
    tasks.begin(join(vectors, 'llama-tied'))
    cpSync(source, folder.path, { recursive: true })
    const file = join(folder.path, 'adapter_model.safetensors')
    const trained = [...readAll(file).values()].map(({ data, ...tensor }) => ({ ...tensor, data: data.fill(0.5) }))
    const check = (): void => tasks.check({ folder: folder.path, settings: { lora } as unknown as TrainSettings })
    writeSafetensors(file, trained)
    check()
    writeSafetensors(
      file,
      trained.filter(({ name }) => !name.includes('layers.0.'))
    )
    assert.throws(check, { code: 'adapter.settings' })
  })

  it('of full training, every projection has moved to finite numbers, and nothing else is delivered for it', () => {
    const model = join(vectors, 'llama-tied')
    tasks.begin(model)
    const full = join(folder.path, 'full')
    const made = newFull(readConfig(model))
    for (const { delta } of made.modules) delta.fill(1e-3)
    const check = (method: TrainSettings['method']): void =>
      tasks.check({ folder: full, settings: { method, lora } as unknown as TrainSettings })
    writeTuned(full, made, model)
    check('full')
    assert.throws(() => check('lora'), { code: 'adapter.settings' })
    made.modules[3]?.delta.fill(0)
    writeTuned(full, made, model)
    assert.throws(() => check('full'), { code: 'adapter.untrained' })
    made.modules[3]?.delta.fill(Infinity)
    writeTuned(full, made, model)
    assert.throws(() => check('full'), { code: 'adapter.numbers' })
    cpSync(source, full, { recursive: true })
    assert.throws(() => check('full'), { code: 'adapter.settings' })
  })
})
