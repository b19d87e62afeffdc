import assert from 'node:assert/strict'
import { join } from 'node:path'
import { createFoundOutAt } from '../../../node/models/client/standing.ts'
import { openEngine } from '../../../node/engine/index.ts'
import type { Engine, Row } from '../../../node/engine/index.ts'
import type { PayoutsDeps } from '../../../node/payouts/index.ts'
import type { ModelRecord } from '../../../protocol/models/index.ts'
import { drawnSubject, receiptId } from '../../../protocol/payouts/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { modelFolder, qa, settings, temporary } from '../../engine/fixture.ts'
import type { Account } from '../../harness/index.ts'
import { minStake, startNetwork, until } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const names = ['Iron', 'Gold', 'Lead', 'Tin', 'Silver', 'Copper', 'Neon', 'Argon', 'Zinc', 'Boron']
const rows: Row[] = names.map((name, i) => qa(`Symbol of ${name}?`, `${name.slice(0, 2)} is number ${i} of them all`))

describe('workers that stand for their answers', function () {
  this.timeout(240_000)
  const folder = temporary()
  let engine: Engine
  let network: TestNetwork
  let honest: TestPeer
  let cheat: TestPeer
  /** Answers as the cheat does, and stands for nothing. */
  let free: TestPeer
  let settler: TestPeer
  /** Has a seat, and says what suits it: one of four. */
  let liar: Account
  const said = new Map<TestPeer, Hex[]>()

  before(async () => {
    const base = modelFolder(folder.path)
    engine = openEngine({ threads: 1, quantize: 'int8' })
    const masks = Array.from({ length: 15 }, (_, i) => i + 1)
    const output = masks.map(mask => join(folder.path, `sibling-${mask}`))
    await engine.tuneSiblings({
      model: base,
      rows: rows.slice(0, 8),
      settings: { ...settings, epochs: 40, lr: 0.02 },
      output,
      coalitions: masks.map(mask => rows.map((_, i) => i).filter(i => i < 8 && (mask >> Math.floor(i / 2)) & 1))
    })
    network = await startNetwork({
      base,
      adapters: [base, ...output],
      held: rows.slice(0, 2).map(({ messages }) => ({ messages: [...messages] }))
    })
    const without = { engine, scorer: false }
    ;[honest, cheat, free, settler] = [
      await network.addPeer('honest', without),
      await network.addPeer('cheat', without),
      await network.addPeer('free', without),
      await network.addPeer('settler', { ...without, settler: true })
    ]
    const judges = { engine, change: (deps: PayoutsDeps): PayoutsDeps => ({ ...deps, policy: { judge: true } }) }
    for (const name of ['one', 'two', 'three']) await network.addPeer(name, judges)
    liar = await network.account()
    await liar.chain.payouts.join(network.pool)
    for (const worker of [honest, cheat]) await worker.chain.serving.stand(network.pool)
    const { timestamp } = await settler.chain.head()
    for (const [worker, adapter] of [
      [honest, output.at(-1)],
      [cheat, undefined],
      [free, undefined]
    ] as const) {
      const channel = await network.openChannel(worker.address)
      // Each question twice: chance draws three of four seats for an answer, so a scorer sees about three in four of a
      // worker's, and of ten not always the eight that are the least.
      for (const { messages } of [...rows, ...rows]) {
        const asked = messages.slice(0, 1)
        const job = { model: base, messages: asked, settings: { maxTokens: 16, temperature: 0, seed: 7 } }
        const { ids } = await engine.generate(adapter === undefined ? job : { ...job, adapter }).result
        const text = asked[0]?.content ?? ''
        const receipt = await network.answer(worker, channel, { text, ids: [...ids], issuedAt: timestamp + 1n })
        said.set(worker, [...(said.get(worker) ?? []), receiptId(network.network, receipt)])
      }
    }
  })
  after(async () => {
    await network.stop()
    await engine.close()
    folder.remove()
  })

  it('lose stake or clients for other weights, and nothing for their own, whatever one of four says', async () => {
    const { pool, model } = network
    await until(async () => (await settler.service.receipts({})).items.length === 60, 'all receipts')
    const settling = settler.service.settle(pool)
    const drawn = async () => (await liar.chain.payouts.round(pool, 1))?.drawn
    await until(async () => (await drawn())?.panel.length === 4, 'the draw')
    await liar.chain.payouts.commit(pool, 1, (await drawn())?.seed ?? assert.fail(), keccak('anything'))
    const accused = { pool, epoch: 1, round: 1, model, worker: honest.address }
    await liar.chain.serving.accuse(accused, drawnSubject(said.get(honest) ?? []))
    await until(async () => (await cheat.chain.nodes.stakeOf(cheat.address)) < minStake, 'the verdict')
    await settling
    assert.equal(await cheat.chain.nodes.stakeOf(cheat.address), minStake - minStake / 10n)
    const { ledger } = settler.followed
    await until(
      async () => ((await ledger.standing(pool, cheat.address))?.foundOut ?? null) !== null,
      'the ledger has it'
    )
    const found = await ledger.standing(pool, cheat.address)
    assert.equal(found?.accusations.length, 3)
    assert.ok(found.until !== null && found.foundOut?.receipts === drawnSubject(said.get(cheat) ?? []))
    assert.ok(found.accusations.every(({ scorer }) => scorer !== liar.address))
    // Who stands for nothing is found out as well, and has nothing taken.
    const foundFree = async () => (await ledger.standing(pool, free.address))?.foundOut ?? null
    await until(async () => (await foundFree()) !== null, 'a verdict on who stands for nothing')
    const freed = await ledger.standing(pool, free.address)
    assert.deepEqual([freed?.since, freed?.until, freed?.foundOut?.taken], [0n, 0n, 0n])
    assert.equal(await free.chain.nodes.stakeOf(free.address), minStake)
    const ofPool = { datanet: pool } as unknown as ModelRecord
    const at = createFoundOutAt({ ledger })
    for (const worker of [cheat, free])
      assert.equal(await at(ofPool, worker.address), (await ledger.standing(pool, worker.address))?.foundOut?.time)
    assert.equal(await at(ofPool, honest.address), undefined)
    // Those who found the cheat have judged the honest one with it, and say nothing.
    assert.equal(await honest.chain.nodes.stakeOf(honest.address), minStake)
    const standing = await ledger.standing(pool, honest.address)
    assert.deepEqual(
      standing?.accusations.map(({ scorer }) => scorer),
      [liar.address]
    )
    assert.deepEqual([standing.until, standing.foundOut], [null, null])
  })
})
