import assert from 'node:assert/strict'
import { z } from 'zod'
import { announceFault, hostOf } from '../../../node/transport/addresses.ts'
import { helpFor } from '../../../node/transport/reach/help.ts'
import type { ReachPolicy } from '../../../node/transport/reach/policy.ts'
import { multiaddr } from '@multiformats/multiaddr'
import { startNode, stopNodes, until } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'
import { refusal, startStranger, stopStrangers, frame } from './stranger.ts'

const note = z.strictObject({ text: z.string() })

/**
 * Every address of this machine's loopback network counts as the outside. What a node dials from is 127.0.0.1, so one
 * that listens at another address is seen where nobody answers, as behind a router.
 */
const policy: ReachPolicy = {
  isPublic: address => hostOf(address)?.startsWith('127.') ?? false,
  firstMs: 50,
  lookMs: 200,
  againMs: { good: 1_000, bad: 1_000 }
}
const start = (options: Parameters<typeof startNode>[0]): Promise<TestNode> =>
  startNode({ preset: 'public', ...options }, { reach: policy })

describe('transport: whether others can dial a node', () => {
  let relay: TestNode, open: TestNode
  before(async function () {
    if (process.platform !== 'linux') this.skip() // the whole of 127.0.0.0/8 is there on Linux only
    relay = await start({ listen: ['/ip4/127.0.0.2/tcp/0'], relay: true })
    open = await start({ listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: relay.peers.listening() })
  })
  afterEach(stopStrangers)
  after(stopNodes)

  it('a node that can be dialled knows it, by whom and over what', async () => {
    await until(() => open.reach.view().addresses.some(({ proof }) => proof === 'dialled'), 'the relay dialled it')
    const { state, addresses, help, asked } = open.reach.view()
    assert.deepEqual([state, help, asked], ['open', undefined, 1])
    const [address] = addresses
    assert.deepEqual([address?.over, address?.by], ['TCP', relay.peers.self.peerId])
    assert.ok(open.peers.listening().some(text => text.startsWith(address!.address)))
  })

  it('one that nobody can dial is told the fix, takes a place at a relay and is served through it', async () => {
    const hidden = await start({ listen: ['/ip4/127.0.0.4/tcp/0'], bootstrap: relay.peers.listening() })
    await until(() => {
      const { state, asked } = hidden.reach.view()
      return state === 'relayed' && asked > 0
    }, 'a place at the relay, and a peer that tried')
    const { addresses, help } = hidden.reach.view()
    assert.ok(addresses.some(({ proof, address }) => proof === 'failed' && address.startsWith('/ip4/127.0.0.1/tcp/')))
    const through = addresses.find(({ proof }) => proof === 'relay')
    assert.ok(through?.address.includes(`${relay.peers.self.peerId}/p2p-circuit`))
    assert.match(help!, /TCP \d+ is not reachable from outside at 127\.0\.0\.1 \(1 peer tried\)/)
    assert.match(help!, /--announce \/ip4\/127\.0\.0\.1\/tcp\/\d+/)
    hidden.streams.handle('/tilth/models/infer/1', async stream => {
      for await (const { text } of stream.receive(note)) await stream.send({ text: text.toUpperCase() })
    })
    const client = await start({ listen: ['/ip4/127.0.0.5/tcp/0'], bootstrap: relay.peers.listening() })
    assert.deepEqual(await client.peers.dial(`${through!.address}/p2p/${hidden.peers.self.peerId}`), hidden.peers.self)
    const stream = await client.streams.open(hidden.peers.self.address, '/tilth/models/infer/1')
    await stream.send({ text: 'through' })
    assert.deepEqual(await stream.next(note), { text: 'THROUGH' })
    await stream.end()
  })

  it('an announced address that leads nowhere is found out', async () => {
    const wrong = await start({
      listen: ['/ip4/127.0.0.6/tcp/0'],
      announce: ['/ip4/127.0.0.1/tcp/9'],
      bootstrap: relay.peers.listening()
    }).catch((error: unknown) => error)
    // Loopback is nobody's outside address: it is refused before anything starts.
    assert.match(String(wrong), /127\.0\.0\.1 is this machine for everybody/)
  })

  it('nobody has another host dialled through a node, and nobody makes it dial all the time', async () => {
    const stranger = await startStranger(open)
    const ask = async (addresses: string[]): Promise<string> => {
      const stream = await stranger.open('/tilth/peers/reach/1')
      stream.send(frame(0, JSON.stringify({ addresses })))
      let text = ''
      for await (const bytes of stream) text += Buffer.from(bytes.subarray()).toString('latin1')
      await stream.close()
      return text
    }
    const others = ['/ip4/127.0.0.2/tcp/22', '/ip4/8.8.8.8/tcp/53', '/dns4/localhost.invalid/tcp/1', '/unix/etc']
    const answer = await ask(others)
    assert.equal(answer.match(/refused/g)?.length, others.length, answer)
    assert.match(await ask(['/ip4/127.0.0.1/tcp/1']), /failed/)
    assert.match(await ask([]), /frame\.schema/)
    assert.match(await ask(Array.from({ length: 7 }, () => '/ip4/127.0.0.1/tcp/1')), /frame\.schema/)
    let refused: string | undefined
    for (let i = 0; i < 12 && refused === undefined; i++) {
      const stream = await stranger.open('/tilth/peers/reach/1')
      const code = refusal(stream)
      await stream.close()
      refused = await code
    }
    assert.equal(refused, 'limit.rate')
  })
})

describe('transport: what is announced', () => {
  const wrong: [string, RegExp][] = [
    ['203.0.113.7:4181', /no multiaddr.*Write it as/],
    ['https://gpu.example.org', /no multiaddr/],
    ['/ip4/203.0.113.999/tcp/4181', /no multiaddr/],
    ['/ip4/203.0.114.7', /no port/],
    ['/ip4/203.0.114.7/tcp/0', /port 0/],
    ['/ip4/203.0.113.7/tcp/4181', /documentation/],
    ['/dns4/gpu.example.org/tcp/4181', /documentation/],
    ['/ip4/0.0.0.0/tcp/4181', /every address of this machine/],
    ['/ip6/::/tcp/4181', /every address of this machine/],
    ['/ip4/127.0.0.1/tcp/4181', /this machine for everybody/],
    ['/tcp/4181', /names no IP address/],
    ['/p2p-circuit', /names no IP address/]
  ]
  for (const [text, fault] of wrong)
    it(`is refused with words: ${text}`, () => {
      assert.match(announceFault(text) ?? '', fault)
    })
  for (const text of [
    '/ip4/203.0.114.7/tcp/4181',
    '/dns4/gpu.my-lab.net/tcp/14181',
    '/dns4/gpu.my-lab.net/tcp/443/wss',
    '/ip6/2001:db9::1/udp/4181/quic-v1'
  ])
    it(`may be ${text}`, () => {
      assert.equal(announceFault(text), undefined)
    })

  it("is not another node's address", async () => {
    const other = '16Uiu2HAm8cULaGFCqxzTW14juJqAJjSowcr6vMYrZv2LyD8SXFeh'
    await assert.rejects(startNode({ announce: [`/ip4/203.0.114.7/tcp/4181/p2p/${other}`] }), {
      code: 'network.announce'
    })
  })

  it('that leads nowhere comes with what to check', () => {
    const help = helpFor({
      state: 'closed',
      announced: [multiaddr('/dns4/gpu.example.org/tcp/14181')],
      listening: [multiaddr('/ip4/172.17.0.2/tcp/4181')],
      outside: ['203.0.113.7'],
      asked: 2,
      upnp: false
    })
    assert.match(help!, /gpu\.example\.org\/tcp\/14181 leads nobody here \(2 peers tried\)/)
    assert.match(help!, /TCP 14181 is forwarded to TCP 4181/)
  })
})
