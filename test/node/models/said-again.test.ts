import assert from 'node:assert/strict'
import { openEngine } from '../../../node/engine/index.ts'
import type { Engine } from '../../../node/engine/index.ts'
import { saidAgain } from '../../../node/models/index.ts'
import { nearerOf, unsayable } from '../../../protocol/models/index.ts'
import type { Opening } from '../../../protocol/models/index.ts'
import { modelFolder, temporary } from '../../engine/fixture.ts'

describe('an answer, said again', function () {
  this.timeout(60_000)
  const folder = temporary()
  const base = modelFolder(folder.path)
  const engines: Engine[] = []
  const open = (options: Parameters<typeof openEngine>[0]): Engine => {
    const engine = openEngine(options)
    engines.push(engine)
    return engine
  }
  after(async () => {
    await Promise.all(engines.map(engine => engine.close()))
    folder.remove()
  })

  it('lies behind by next to nothing, whichever form of the weights was served, to whoever audits it', async () => {
    const auditors = [open({ threads: 1 }), open({ threads: 1, quantize: 'int4' })]
    for (const [served, most] of [
      [open({ threads: 1, quantize: 'int8' }), 0.01],
      [open({ threads: 2 }), 0.01],
      [auditors[1], Infinity]
    ] as const)
      for (const temperature of [0, 0.003, 2]) {
        const settings = { maxTokens: 24, temperature, seed: 5 }
        const messages = [{ role: 'user' as const, content: 'Symbol of Iron?' }]
        const { ids = [] } = (await served?.generate({ model: base, messages, settings }).result) ?? {}
        assert.ok(ids.length > 4)
        const content = { messages, day: 0, resume: [], ...settings, topK: 0, topP: 1, stop: [] }
        const request = { message: { maxTokens: 24n, seed: 5n } }
        const opening = { content, request, answer: ids } as unknown as Opening
        const found = await Promise.all(auditors.map(engine => saidAgain(engine, { base }, opening, undefined)))
        for (const { told } of found) {
          const furthest = Math.max(...told.map(({ lag }) => lag * (temperature || 1)))
          assert.ok(told.length === ids.length && furthest <= most, `${temperature}: ${furthest}`)
        }
        // Any auditor finds the same.
        assert.deepEqual(found[1], found[0])
      }
  })

  it('is held against the nearer form, token by token, however far each could say it', () => {
    const token = (lag: number) => ({ ...unsayable, lag })
    assert.deepEqual(
      nearerOf([token(3), token(0), token(1)], [token(2), token(4)]).map(({ lag }) => lag),
      [2, 0, 1]
    )
  })
})
