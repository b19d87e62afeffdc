import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { createTransport } from '../../node/transport/index.ts'
import type { Transport } from '../../node/transport/index.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import { encodeFrame, sealEnvelope } from '../../protocol/wire/index.ts'
import { buildPrograms } from './ipfs/build.ts'
import { startKubo } from './ipfs/kubo.ts'
import type { Kubo } from './ipfs/kubo.ts'
import { startGoPeer } from './ipfs/peer.ts'
import type { GoPeer } from './ipfs/peer.ts'
import type { Outcome } from './network.ts'

// Peers that others wrote, in Go: kubo, which most of IPFS runs, and one of go-libp2p's parts alone. A node of ours
// exchanges blocks and CARs with the one, blocks and gossip with the other, and relays between two of them.

const topic = 'tilth/models/1'
const said = z.strictObject({ kind: z.literal('interop'), text: z.string().max(100) })

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (await holds()) return
    await sleep(100)
  }
  throw new Error(`not within half a minute: ${what}`)
}
function same(ours: Uint8Array | string, theirs: Uint8Array | string): void {
  if (!Buffer.from(ours).equals(Buffer.from(theirs))) throw new Error('what came is something else than was sent')
}

interface Parties {
  readonly folder: string
  readonly node: Transport
  readonly address: string
}
type Check = readonly [name: string, check: () => Promise<void>]

const kuboChecks = ({ folder, node, address }: Parties, kubo: Kubo): Check[] => {
  const large = randomBytes(3 << 20)
  const path = (name: string): string => join(folder, name)
  return [
    [
      'kubo connects, identifies and pings',
      async () => {
        await kubo.ipfs(['swarm', 'connect', address])
        const { Protocols: protocols } = JSON.parse(await kubo.ipfs(['id', node.peers.self.peerId])) as {
          Protocols: string[]
        }
        for (const wanted of ['/ipfs/id/1.0.0', '/ipfs/bitswap/1.2.0', '/ipfs/ping/1.0.0'])
          if (!protocols.includes(wanted)) throw new Error(`kubo has heard of no ${wanted}: ${protocols.join(' ')}`)
        await kubo.ipfs(['ping', '--count', '3', node.peers.self.peerId])
      }
    ],
    [
      'kubo reads a file of many blocks from our node',
      async () => {
        await writeFile(path('large'), large)
        const cid = await node.files.addFile(path('large'))
        await kubo.ipfs(['get', '--output', path('got'), cid])
        same(large, await readFile(path('got')))
      }
    ],
    [
      'kubo reads a folder from our node',
      async () => {
        await mkdir(path('adapter/deep'), { recursive: true })
        await writeFile(path('adapter/adapter_config.json'), '{}')
        await writeFile(path('adapter/deep/weights'), large.subarray(0, 700_000))
        const cid = await node.files.addDirectory(path('adapter'))
        await kubo.ipfs(['get', '--output', path('got folder'), cid])
        same(large.subarray(0, 700_000), await readFile(path('got folder/deep/weights')))
      }
    ],
    [
      'our node reads a folder from kubo',
      async () => {
        await mkdir(path('theirs/deep'), { recursive: true })
        const weights = randomBytes(2_500_000)
        await writeFile(path('theirs/deep/weights'), weights)
        const cid = await kubo.ipfs(['add', '--recursive', '--quieter', '--cid-version', '1', path('theirs')])
        await node.files.fetchDirectory(cid, path('fetched'), { maxBytes: 4 << 20, providers: [kubo.peerId] })
        same(weights, await readFile(path('fetched/deep/weights')))
      }
    ],
    [
      'both give a file the same CID',
      async () => {
        // What kubo's profile of 2025 for CIDs of one form says.
        const options = ['--cid-version', '1', '--raw-leaves', '--chunker', 'size-1048576', '--max-file-links', '1024']
        const theirs = await kubo.ipfs(['add', '--quieter', '--only-hash', ...options, path('large')])
        const ours = await node.files.addFile(path('large'))
        if (theirs !== ours) throw new Error(`${ours} here, ${theirs} there`)
      }
    ],
    [
      'kubo takes our CAR',
      async () => {
        const cid = await node.files.addBytes(randomBytes(1_500_000))
        const blocks: Uint8Array[] = []
        for await (const bytes of node.files.car([cid])) blocks.push(bytes)
        await writeFile(path('ours.car'), Buffer.concat(blocks))
        const told = await kubo.ipfs(['dag', 'import', path('ours.car')])
        if (!told.includes(cid)) throw new Error(`kubo pinned something else: ${told}`)
        same(await node.files.fetchBytes(cid, { maxBytes: 2 << 20 }), await readBack(kubo, folder, cid))
      }
    ],
    [
      'our node takes a CAR of kubo',
      async () => {
        const bytes = randomBytes(1_500_000)
        await writeFile(path('sent'), bytes)
        const cid = await kubo.ipfs(['add', '--quieter', '--cid-version', '1', path('sent')])
        await kubo.ipfsTo(['dag', 'export', '--progress=false', cid], path('theirs.car'))
        // Nobody is asked for what came by file.
        await kubo.ipfs(['swarm', 'disconnect', address])
        const roots = await node.files.takeCar(createReadStream(path('theirs.car')), 4 << 20)
        if (roots.join() !== cid) throw new Error(`other roots: ${roots.join()}`)
        same(bytes, await node.files.fetchBytes(cid, { maxBytes: 2 << 20 }))
      }
    ]
  ]
}

async function readBack(kubo: Kubo, folder: string, cid: string): Promise<Buffer> {
  const path = join(folder, `back-${cid}`)
  await kubo.ipfs(['get', '--output', path, cid])
  return readFile(path)
}
const goChecks = ({ node, address }: Parties, peer: GoPeer, hidden: GoPeer, far: Transport): Check[] => [
  [
    'go-libp2p connects, identifies and pings',
    async () => {
      await peer.do({ do: 'connect', addr: address })
      const { protocols } = await peer.do({ do: 'identify', addr: address })
      for (const wanted of ['/meshsub/1.1.0', '/ipfs/bitswap/1.2.0', '/libp2p/circuit/relay/0.2.0/hop'])
        if (!(protocols as string[]).includes(wanted)) throw new Error(`it has heard of no ${wanted}`)
      await peer.do({ do: 'ping', addr: address })
    }
  ],
  [
    'blocks by bitswap, both ways',
    async () => {
      const [ours, theirs] = [randomBytes(200_000), randomBytes(200_000)]
      const { hex } = await peer.do({ do: 'get', cid: await node.files.addBytes(ours) })
      same(ours, Buffer.from(hex as string, 'hex'))
      const { cid } = await peer.do({ do: 'put', hex: theirs.toString('hex') })
      same(theirs, await node.files.fetchBytes(cid as string, { maxBytes: 1 << 20, providers: [peer.peerId] }))
    }
  ],
  [
    'gossip: our message reaches it, its messages are judged',
    async () => {
      const heard: string[] = []
      node.gossip.subscribe(topic, said, ({ text }) => {
        // [reject] As a handler says of what breaks its rules.
        if (text === 'against the rules') throw new InvalidError('frame.schema', 'it is against the rules')
        heard.push(text)
      })
      await peer.do({ do: 'subscribe', topic })
      await until(async () => ((await peer.do({ do: 'peers', topic }))['peers'] as string[]).length > 0, 'a mesh')
      await until(async () => {
        await node.gossip.publish(topic, { kind: 'interop', text: `from us ${peer.heard.length}` })
        return peer.heard.some(({ message }) => Buffer.from(message, 'hex').includes('from us'))
      }, 'our message reaches it')
      const envelope = (text: string): string => {
        const content = encodeFrame({ kind: 'interop', text }, 1 << 16)
        const hash = createHash('sha256').update(content).digest()
        const at = Math.floor(Date.now() / 1000)
        return Buffer.from(sealEnvelope(topic, { content, hash }, at, randomBytes(32))).toString('hex')
      }
      for (const hex of [envelope('from go'), envelope('against the rules'), 'c0ffee', envelope('from go again')])
        await peer.do({ do: 'publish', topic, hex })
      await until(() => heard.includes('from go again'), 'its messages are heard')
      if (heard.join() !== 'from go,from go again') throw new Error(`what was heard is ${heard.join()}`)
    }
  ],
  [
    'a peer that listens nowhere has a place at our relay, and others come to it there',
    async () => {
      await hidden.do({ do: 'connect', addr: address })
      await hidden.do({ do: 'reserve', addr: address })
      const way = `${address}/p2p-circuit/p2p/${hidden.peerId}`
      const { limited } = await peer.do({ do: 'connect', addr: way })
      if (limited !== true) throw new Error('the connection is not a relayed one')
      await peer.do({ do: 'ping', addr: way })
      await far.peers.dial(way)
      if (far.peers.way(hidden.peerId) !== 'relay') throw new Error('our other node came some other way')
    }
  ]
]

async function tried(checks: readonly Check[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const [name, check] of checks)
    try {
      await check()
      outcomes.push({ name, state: 'passed' })
    } catch (error) {
      outcomes.push({ name, state: 'failed', why: error instanceof Error ? error.message : 'unknown' })
    }
  return outcomes
}

/** A key of another kind names no account: such a peer is turned away before it can ask for anything. */
const refusesOtherKeys = (address: string, stranger: GoPeer): Check => [
  'a peer with an Ed25519 key is refused',
  async () => {
    try {
      await stranger.do({ do: 'connect', addr: address })
      await stranger.do({ do: 'ping', addr: address })
    } catch {
      return
    }
    throw new Error('it was let in')
  }
]

export async function ipfs(say: (text: string) => void): Promise<Outcome[]> {
  const programs = await buildPrograms(say)
  if (typeof programs === 'string') return [{ name: 'kubo and go-libp2p', state: 'skipped', why: programs }]
  const folder = await mkdtemp(join(tmpdir(), 'tilth-interop-ipfs-'))
  const stops: (() => Promise<unknown>)[] = []
  const start = async (name: string): Promise<Transport> => {
    const transport = await createTransport({
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootstrap: [],
      // A node of a local network dials through no relay.
      preset: name === 'far' ? 'public' : 'local',
      relay: name === 'node',
      directory: join(folder, name),
      privateKey: Uint8Array.from(randomBytes(32))
    })
    stops.push(() => transport.stop())
    return transport
  }
  const go = async (...args: string[]): Promise<GoPeer> => {
    const peer = await startGoPeer(programs.peer, args)
    stops.push(() => peer.stop())
    return peer
  }
  try {
    const node = await start('node')
    const [address = ''] = node.peers.listening()
    const parties = { folder, node, address }
    say('kubo')
    const kubo = await startKubo(programs.ipfs, folder, 'secp256k1')
    stops.push(() => kubo.stop())
    const outcomes = await tried(kuboChecks(parties, kubo))
    say('go-libp2p')
    const checks = goChecks(parties, await go(), await go('--hidden'), await start('far'))
    return [...outcomes, ...(await tried([...checks, refusesOtherKeys(address, await go('--ed25519'))]))]
  } finally {
    for (const stop of stops.reverse()) await stop()
    await rm(folder, { recursive: true, force: true })
  }
}
