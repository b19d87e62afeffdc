import assert from 'node:assert/strict'
import { findingsAlone, findingsOf } from '../../daemon/cli/network-findings.ts'
import { clockFault, reachText } from '../../daemon/cli/reach.ts'
import type { StatusView } from '../../daemon/api/contract/index.ts'

type Reach = StatusView['reach']
const reach = (state: Reach['state'], more: Partial<Reach> = {}): Reach => ({
  state,
  addresses: [],
  seenAt: [],
  asked: 0,
  ...more
})
/** What the doctor reads of it. */
const of = (view: Reach, clock = { secondsAhead: 0, peers: 3 }) => findingsOf({ reach: view, clock } as StatusView)

describe('what a node says of being dialled', () => {
  it('names each address with how it is known, and what it is dialled over', () => {
    const { summary, lines } = reachText(
      reach('open', {
        addresses: [
          { address: '/ip4/203.0.113.7/tcp/4181', over: 'TCP', proof: 'dialled', by: '16U', at: 1 },
          { address: '/ip4/203.0.113.7/tcp/4182/ws', over: 'WebSocket', proof: 'failed' }
        ]
      })
    )
    assert.equal(summary, 'others can dial this node, over TCP')
    assert.deepEqual(lines, [
      '/ip4/203.0.113.7/tcp/4181 (a peer dialled it)',
      '/ip4/203.0.113.7/tcp/4182/ws (peers tried and could not)'
    ])
  })

  it('gives the fix with a node that others reach through a relay only, or not at all', () => {
    for (const state of ['relayed', 'closed'] as const) {
      const [finding] = of(reach(state, { help: 'TCP 4181 is not reachable from outside.' }))
      assert.deepEqual([finding?.ok, finding?.help], [false, 'TCP 4181 is not reachable from outside.'])
    }
    assert.equal(of(reach('open'))[0]?.ok, true)
    assert.equal(of(reach('local'))[0]?.ok, true)
  })

  it('says what it can where no daemon runs', async () => {
    const [finding] = await findingsAlone()
    assert.match(finding?.found ?? '', /no daemon runs/)
    assert.match(finding?.help ?? '', /4181/)
  })

  it('names a clock that is off, which way, and what to do', () => {
    assert.equal(clockFault({ secondsAhead: 3, peers: 5 }), undefined)
    assert.equal(clockFault({ secondsAhead: 600, peers: 0 }), undefined)
    assert.match(clockFault({ secondsAhead: 600, peers: 2 }) ?? '', /600 seconds behind that of 2 peers/)
    assert.match(clockFault({ secondsAhead: -600, peers: 1 }) ?? '', /600 seconds ahead of that of 1 peer$/)
    const [, clock] = of(reach('open'), { secondsAhead: 600, peers: 2 })
    assert.deepEqual([clock?.ok, /NTP/.test(clock?.help ?? '')], [false, true])
  })
})
