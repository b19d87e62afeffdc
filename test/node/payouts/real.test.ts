import assert from 'node:assert/strict'
import { join } from 'node:path'
import { openEngine } from '../../../node/engine/index.ts'
import type { Engine, Row } from '../../../node/engine/index.ts'
import { elements, modelFolder, settings, temporary } from '../../engine/fixture.ts'
import { receiptId } from '../../../protocol/payouts/index.ts'
import type { EpochView, ReceiptView } from '../../../node/payouts/index.ts'
import { startNetwork, until } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

describe('attribution with the real engine', function () {
  this.timeout(240_000)
  const folder = temporary()
  const engines: Engine[] = []
  let network: TestNetwork
  let worker: TestPeer
  let scorer: TestPeer
  let settler: TestPeer
  let epoch: EpochView

  before(async () => {
    const base = modelFolder(folder.path)
    // The scorer's machine is another one: its kernels add in another order.
    engines.push(openEngine({ threads: 1 }), openEngine({ threads: 2 }))
    const [engine] = engines
    // Four players of two rows each, the fourth with wrong answers.
    const rows = elements.map((row, i): Row =>
      i < 6 ? row : { messages: [row.messages[0]!, { role: 'assistant', content: 'Zq' }] }
    )
    const masks = Array.from({ length: 15 }, (_, i) => i + 1)
    const output = masks.map(mask => join(folder.path, `sibling-${mask}`))
    await engine!.tuneSiblings({
      model: base,
      rows,
      settings: { ...settings, epochs: 40, lr: 0.02 },
      output,
      coalitions: masks.map(mask => rows.map((_, i) => i).filter(i => (mask >> Math.floor(i / 2)) & 1))
    })
    network = await startNetwork({
      base,
      adapters: [base, ...output],
      held: elements.slice(0, 6).map(({ messages }) => ({ messages: [...messages] }))
    })
    worker = await network.addPeer('worker', { engine: engines[0]! })
    scorer = await network.addPeer('scorer', { engine: engines[1]! })
    settler = await network.addPeer('settler', { engine: engines[1]!, settler: true, scorer: false })
    await network.addPeer('other', { engine: engines[0]! })
  })
  after(async () => {
    await network.stop()
    for (const engine of engines) await engine.close()
    folder.remove()
  })

  it('credits an answer to whose rows taught it, and another peer finds the same', async () => {
    const channel = await network.openChannel(worker.address)
    const [row] = elements
    const { answer } = await engines[0]!.encode(join(folder.path, 'llama-tied'), row!)
    const receipt = await network.answer(worker, channel, { text: row!.messages[0]!.content, ids: answer })
    const view = async (): Promise<ReceiptView | undefined> =>
      worker.service.receipt(receiptId(network.network, receipt))
    await until(async () => (await view()) !== undefined, 'the receipt')
    epoch = await settler.service.settle(network.pool)
    await until(async () => (await view())?.scorings.length === 2, 'both scorings')
    const found = await view()
    assert.ok(found?.scorings.every(({ agrees }) => agrees))
    const [first, ...others] = network.players.map(player => found?.weights[player] ?? 0n)
    for (const other of others) assert.ok(first! > other, others.join())
  })

  it('the gate lets through who answers the held-out questions, and not who harms them', async () => {
    const gate = await scorer.service.gate(network.model)
    const values = network.players.map(player => gate!.values[player]!)
    assert.ok(values[0]! > 0n && values[1]! > 0n && values[2]! > 0n, values.join())
    assert.ok(values[3]! < values[0]!, values.join())
    assert.equal(epoch.dataFees, epoch.payouts.reduce((sum, { share }) => sum + share, 0n) + epoch.held)
    assert.equal(epoch.payouts[0]!.share > 0n, true)
  })
})
