import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { TrainSettings } from '../../../protocol/jobs/index.ts'
import { tasks } from '../../../node/jobs/builder/peft.ts'
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
})
