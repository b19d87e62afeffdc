import assert from 'node:assert/strict'
import type { NetworkView } from '../../daemon/api/contract/index.ts'
import { hoursOf } from '../../web-console/node/hours.ts'
import { layOut, size } from '../../web-console/node/layout.ts'
import { ringOf } from '../../web-console/node/roles.ts'
import { readText, textOf, usualText } from '../../web-console/node/setting-text.ts'
import { nodeTitle } from '../../web-console/node/title.ts'

const hour = 3_600_000

describe("the node's page", () => {
  const status = (more: object) =>
    ({
      roles: ['worker'],
      away: null,
      peers: 3,
      serving: [],
      reach: { state: 'open' },
      chain: { state: 'following' },
      uptimeSeconds: 10,
      ...more
    }) as unknown as Parameters<typeof nodeTitle>[0]
  const machine = (more: object) =>
    ({
      lately: { seconds: 3600, answers: 0, tokens: 0, fees: '0', earned: '0' },
      queue: { running: 0, waiting: 0, free: 1, training: 0, trainingsWaiting: 0, fetching: 0 },
      ...more
    }) as unknown as Parameters<typeof nodeTitle>[1]

  it('says in its title whether the machine earns', () => {
    const earned = { lately: { seconds: 3600, answers: 2, tokens: 9, fees: '0', earned: '12000000000000000' } }
    assert.equal(nodeTitle(status({}), machine(earned)), 'This machine earned 0.012 TILTH within the hour')
    assert.equal(nodeTitle(status({}), machine({})), 'This machine can earn, and offers nothing yet')
    assert.equal(
      nodeTitle(status({ servingAll: [{}] }), machine({})),
      'This machine offers every model over 1 base and waits for questions'
    )
    assert.equal(nodeTitle(status({ away: { reason: 'paused' } }), undefined), 'This machine takes on no new work now')
    assert.equal(nodeTitle(status({ peers: 0 }), undefined), 'This node is alone: nobody is connected to it')
    assert.equal(
      nodeTitle(status({ roles: ['host', 'validator', 'settler'] }), undefined),
      'This node is host, validator and settler, with 3 peers'
    )
  })

  it('lays a network out the same way each time, within its picture, this node among the others', () => {
    const peers = Array.from({ length: 40 }, (_, n) => ({ peerId: `peer-${n}` })) as unknown as NetworkView['peers']
    const links = peers.map(({ peerId }, n) => ({ from: n % 3 === 0 ? 'peer-0' : 'self', to: peerId, ms: n }))
    const network = { self: { peerId: 'self', address: '0x1', roles: [] }, peers, links } as const
    const one = layOut(network)
    assert.deepEqual([...one.places], [...layOut(network).places])
    assert.equal(one.places.size, 41)
    for (const { x, y } of one.places.values())
      assert.ok(x >= 0 && x <= size.width && y >= 0 && y <= size.height, `${x} ${y}`)
    const alone = layOut({ self: network.self, peers: [], links: [] }).places.get('self')
    assert.deepEqual([alone?.x, alone?.y], [size.width / 2, size.height / 2])
  })

  it('shows roles by the colours of the phases that they work in', () => {
    assert.deepEqual(
      ringOf(['host', 'validator', 'settler']).map(({ phase, length }) => [phase, length]),
      [
        ['data', 50],
        ['payouts', 50]
      ]
    )
    assert.deepEqual(ringOf(['relay']), [])
  })

  it('adds up what came hour by hour, with hours in which nothing did', () => {
    const now = 1000 * hour + 5
    const hours = hoursOf(
      [
        { at: 1000 * hour, amount: '5' },
        { at: 1000 * hour, amount: '2' },
        { at: 998 * hour, amount: '1' },
        { at: 900 * hour, amount: '9' }
      ],
      now
    )
    assert.equal(hours.length, 24)
    assert.deepEqual(hours.slice(-3), [1n, 0n, 7n])
    assert.equal(
      hours.reduce((sum, each) => sum + each, 0n),
      8n
    )
  })

  it('reads settings as people write them, and tells a fault that can be told before it is sent', () => {
    const number = { kind: 'number', least: 1, most: 256 } as const
    assert.deepEqual(readText(number, ' 8 '), { value: 8 })
    assert.deepEqual(readText(number, '0'), { fault: 'At least 1.' })
    assert.deepEqual(readText(number, '257'), { fault: 'At most 256.' })
    assert.deepEqual(readText(number, '1e3'), { fault: 'This is a number, such as 8.' })
    assert.deepEqual(readText(number, ''), { value: null })
    const list = { kind: 'list', least: null, most: null } as const
    assert.deepEqual(readText(list, '22:00-07:30\n\n 12:00-13:00 '), { value: ['22:00-07:30', '12:00-13:00'] })
    assert.equal(textOf(['a', 'b']), 'a\nb')
    assert.equal(usualText({ usual: 4_000_000_000, unit: 'parameters' }), 'Usually 4,000,000,000 parameters.')
    assert.equal(usualText({ usual: null, unit: 'GiB' }), '')
    assert.equal(usualText({ usual: true, unit: null }), 'Usually on.')
  })
})
