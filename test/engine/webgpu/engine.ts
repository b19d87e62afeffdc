import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openEngine, readAdapter, readConfig, type Engine } from '../../../node/engine/index.ts'
import { elements, modelFolder, settings, temporary } from '../fixture.ts'
import { provider } from '../provider.ts'

/** Engine processes that this one has started, of Linux's own list; those that read texts are none. */
function children(): number[] {
  return readdirSync('/proc/self/task').flatMap(task =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8')
      .split(' ')
      .filter(pid => pid !== '' && !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('runtime/sandbox'))
      .map(Number)
  )
}

describe(`the engine on ${provider}, in processes of its own`, () => {
  const folder = temporary()
  let model = ''
  let engine: Engine
  before(() => {
    model = modelFolder(folder.path)
    engine = openEngine({ threads: 1, provider, precision: 'f32' })
  })
  after(async () => {
    await engine.close()
    folder.remove()
  })
  const ask = () =>
    engine.generate({
      model,
      messages: elements[0]?.messages.slice(0, 1) ?? [],
      settings: { maxTokens: 6, temperature: 0, seed: 0 }
    }).result

  it('trains and answers at the same time, as the CPU does', async () => {
    const cpu = openEngine({ threads: 1, provider: 'cpu' })
    try {
      const job = (name: string) => ({ model, rows: elements, settings, output: join(folder.path, name) })
      const [trained, answer] = await Promise.all([engine.tune(job('gpu')), ask()])
      assert.equal(children().length, 2, 'one process serves, one trains')
      const reference = await cpu.tune(job('cpu'))
      trained.losses.forEach((loss, i) =>
        assert.ok(Math.abs(loss - (reference.losses[i] ?? NaN)) < 1e-3, `step ${i}: ${loss} for ${reference.losses[i]}`)
      )
      const expected = await cpu.generate({
        model,
        messages: elements[0]?.messages.slice(0, 1) ?? [],
        settings: { maxTokens: 6, temperature: 0, seed: 0 }
      }).result
      assert.deepEqual(answer.ids, expected.ids)
      const weights = (name: string) =>
        readAdapter(join(folder.path, name), readConfig(model)).modules.flatMap(m => [...m.a, ...m.b])
      const [a, b] = [weights('gpu'), weights('cpu')]
      const off = Math.sqrt(a.reduce((n, x, i) => n + (x - (b[i] ?? NaN)) ** 2, 0) / b.reduce((n, x) => n + x * x, 0))
      assert.ok(off < 1e-2, `the adapters are ${off} apart`)
    } finally {
      await cpu.close()
    }
  })

  it('same seed, same provider: same bits', async () => {
    const job = (name: string) => ({ model, rows: elements.slice(0, 2), settings, output: join(folder.path, name) })
    const [first, second] = [await engine.tune(job('first')), await engine.tune(job('second'))]
    assert.deepEqual(first.losses, second.losses)
    assert.deepEqual(
      readFileSync(join(folder.path, 'first/adapter_model.safetensors')),
      readFileSync(join(folder.path, 'second/adapter_model.safetensors'))
    )
  })

  it('a crash of its process fails the request, and the next one starts another', async function () {
    if (process.platform !== 'linux') this.skip() // the list of processes is Linux's
    const before = children()
    const crash = [...before]
    const call = engine.tune({
      model,
      rows: elements,
      settings: { ...settings, epochs: 200 },
      output: join(folder.path, 'never'),
      onProgress: () => {
        for (const pid of crash.splice(0)) process.kill(pid, 'SIGSEGV')
      }
    })
    await assert.rejects(call, { code: 'engine-crashed' })
    while (children().some(pid => before.includes(pid)))
      await new Promise(resolve => {
        setTimeout(resolve, 20)
      })
    assert.equal((await ask()).ids.length, 6)
  })

  it('closing ends its processes', async () => {
    await engine.close()
    assert.deepEqual(children(), [])
    await assert.rejects(ask(), { code: 'engine-closed' })
  })
})
