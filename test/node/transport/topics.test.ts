import assert from 'node:assert/strict'
import { z } from 'zod'
import { keccak } from '../../../protocol/primitives/index.ts'
import { datanetTopic } from '../../../protocol/wire/index.ts'
import { startNode, stopNodes, until } from '../../harness/index.ts'

const note = z.strictObject({ text: z.string() })
const [one, other] = [datanetTopic(keccak('one')), datanetTopic(keccak('other'))]

describe("transport: a Datanet's topic", () => {
  after(stopNodes)

  it('is heard by those who subscribe to it and by nobody else; who does not can still say something', async () => {
    const a = await startNode()
    const b = await startNode({ join: [a] })
    const c = await startNode({ join: [a] })
    const heard: string[] = []
    const off = b.gossip.subscribe(one, note, ({ text }) => {
      heard.push(`b ${text}`)
    })
    c.gossip.subscribe(other, note, ({ text }) => {
      heard.push(`c ${text}`)
    })
    assert.throws(() => b.gossip.subscribe(one, note, () => undefined), { code: 'gossip.subscribed' })
    await until(
      () => a.gossip.subscribers(one).length === 1 && a.gossip.subscribers(other).length === 1,
      'who hears what is known'
    )
    // Who hears is known a moment before the way there is open.
    const say = async (topic: typeof one, text: string): Promise<boolean> =>
      (await a.gossip.publish(topic, { text })).recipients === 1
    await until(() => say(one, 'first'), 'the first is said')
    await until(() => say(other, 'second'), 'the second is said')
    await until(() => heard.length === 2, 'both are heard')
    assert.deepEqual(heard.sort(), ['b first', 'c second'])
    await assert.rejects(b.gossip.publish(one, { text: 7 }), { code: 'frame.schema' })
    off()
    await until(() => a.gossip.subscribers(one).length === 0, 'who left is known')
    assert.deepEqual(await a.gossip.publish(one, { text: 'third' }), { recipients: 0 })
  })
})
