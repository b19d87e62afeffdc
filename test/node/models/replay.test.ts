import assert from 'node:assert/strict'
import { join } from 'node:path'
import { openEngine } from '../../../node/engine/index.ts'
import type { GenerateJob } from '../../../node/engine/index.ts'
import { folderSpeech } from '../../../node/models/index.ts'
import type { ModelsDeps } from '../../../node/models/index.ts'
import { until } from '../../harness/index.ts'
import { ask, question, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const seedling = join(import.meta.dirname, '../../../daemon/assets/seedling')

describe('answers said again by the weights that were offered', function () {
  this.timeout(120_000)
  const engine = openEngine({ threads: 1 })
  const exact = openEngine({ threads: 1, quantize: 'int8' })
  const speech = folderSpeech(engine.text)
  /** A worker that serves what it was asked otherwise. */
  const lying = (change: (job: GenerateJob) => GenerateJob): ModelsDeps['engine'] => ({
    open: folder => engine.open(folder),
    generate: job => engine.generate(change(job))
  })
  let network: TestNetwork
  let client: TestPeer
  const workers: Record<string, TestPeer> = {}

  before(async () => {
    network = await startNetwork()
    const model = await network.registerBase(seedling, 'seedling')
    workers['honest'] = await network.addPeer('honest', { engine: exact, speech })
    const hot = lying(job => ({ ...job, settings: { ...job.settings, temperature: 3 * job.settings.temperature } }))
    workers['hotter'] = await network.addPeer('hotter', { engine: hot, speech })
    const reseeded = lying(job => ({ ...job, settings: { ...job.settings, seed: job.settings.seed + 1 } }))
    workers['reseeding'] = await network.addPeer('reseeding', { engine: reseeded, speech })
    client = await network.addPeer('client', { engine, roles: { worker: false, client: true }, speech })
    const all = [client, ...Object.values(workers)]
    await until(() => all.every(({ service }) => service.model(model) !== undefined), 'the model is known')
    for (const { service } of Object.values(workers)) await service.offer({ model })
    await until(() => client.service.offers(model).length === 3, 'the offers are known')
  })
  after(async () => {
    await network.stop()
    await engine.close()
    await exact.close()
  })

  async function replayed(worker: string, seed: number) {
    const only = [workers[worker]?.address ?? '0x']
    const asked = question('Tell me what a river is and where it goes', {
      model: 'seedling',
      maxTokens: 40,
      temperature: 1,
      seed,
      route: { only }
    })
    const { receipts } = await ask(client, asked)
    return client.service.replay(receipts[0] ?? '0x')
  }

  it('tell an honest worker, whatever its arithmetic, from one that serves something else', async () => {
    let honest = 0
    for (const seed of [1, 2, 3]) {
      const { own, prompt, together } = await replayed('honest', seed)
      assert.ok(prompt.counted > 5)
      assert.equal(prompt.counted, prompt.paid)
      assert.notEqual(own.verdict, 'other', JSON.stringify(own))
      assert.deepEqual([together.answers, together.verdict === 'other'], [seed, false])
      honest = together.tokens
    }
    assert.ok(honest > 10)
    for (const [worker, wanted] of [
      ['hotter', 'other'],
      ['reseeding', 'redrawn']
    ] as const) {
      const verdicts: string[] = []
      for (let seed = 1; seed <= 6 && !verdicts.includes(wanted); seed++)
        verdicts.push((await replayed(worker, seed)).together.verdict)
      assert.equal(verdicts.at(-1), wanted, `${worker}: ${verdicts.join()}`)
    }
  })

  it('are refused by name where what was asked is not kept', async () => {
    await assert.rejects(client.service.replay(`0x${'ab'.repeat(32)}`), { code: 'opening.unknown' })
  })
})
