import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { inEightBits, loadModel, onceOf, openLater } from '../../node/engine/architecture/index.ts'
import { openStepper } from '../../node/engine/serve/stepper.ts'
import { modelFolder, temporary, vectors } from './fixture.ts'

describe('a model whose weights are read when they are used', () => {
  const folder = temporary()
  after(() => folder.remove())

  for (const name of ['llama-tied', 'qwen2-bias'])
    it(`${name} has the numbers of the model in memory, once or for longer`, () => {
      const [later, now] = [openLater(join(vectors, name)), loadModel(join(vectors, name))]
      assert.deepEqual([...later.parameters.keys()], [...now.parameters.keys()])
      for (const [key, parameter] of later.parameters) {
        const expected = now.parameters.get(key)
        assert.deepEqual(parameter.shape, expected?.shape)
        assert.deepEqual(onceOf(parameter), expected?.data)
        assert.notEqual(onceOf(parameter), onceOf(parameter), 'what is used once is kept by nobody')
        const { data } = parameter
        assert.deepEqual(data, expected?.data)
        assert.equal(parameter.data, data, 'who uses it shares it')
        assert.equal(onceOf(parameter), data)
      }
    })

  it('served from 8 bits it needs its file no more once it is packed, and says the same', async () => {
    const model = modelFolder(folder.path)
    const step = async (from: ReturnType<typeof loadModel>, packed?: () => void): Promise<number[]> => {
      const stepper = openStepper(inEightBits(from), { threads: 1 })
      packed?.()
      const row = stepper.open()
      const logits = [...(await stepper.step([{ row, ids: [3, 5, 7], adapter: null }]))]
      await stepper.release()
      return logits
    }
    const expected = await step(loadModel(model))
    assert.deepEqual(await step(openLater(model), () => rmSync(join(model, 'model.safetensors'))), expected)
  })
})
