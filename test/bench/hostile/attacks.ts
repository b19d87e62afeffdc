// One attack on a daemon, from a process of its own: what it does, and what became of it, as JSON.
import { createHash, randomBytes } from 'node:crypto'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { signStatement } from '../../../protocol/crypto/index.ts'
import type { Network } from '../../../protocol/crypto/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { datanetTopic } from '../../../protocol/wire/index.ts'
import { pause } from '../../harness/index.ts'
import { envelope, refusal } from '../../node/transport/stranger.ts'
import { goOn, startAttack } from './attacker.ts'
import type { Attack, Somebody } from './attacker.ts'
import { field, framed, join } from '../../harness/protobuf.ts'

export interface Target {
  readonly peerId: string
  readonly listening: string[]
  readonly url: string
  readonly token: string
  readonly network: Network
  readonly datanet: Hex
  /** A contribution that was accepted, and a validator of it. */
  readonly contribution: Hex
  readonly validator: Address
  readonly seconds: number
}

const some = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes))
const cidOf = (bytes: Uint8Array): CID =>
  CID.createV1(raw.code, Digest.create(0x12, new Uint8Array(createHash('sha256').update(bytes).digest())))

/** What a stream was refused with is told; so is one that ends with nothing said. */
const listen = (attack: Attack, stream: Awaited<ReturnType<Somebody['open']>>): void =>
  void refusal(stream).then(
    code => {
      attack.tell(code ?? 'reset')
    },
    () => {
      attack.tell('reset')
    }
  )

const inTopic = (target: Target) => async (by: Somebody) => {
  const topic = datanetTopic(target.datanet)
  by.stranger.libp2p.services.pubsub.subscribe(topic)
  for (let i = 0; i < 200 && by.stranger.libp2p.services.pubsub.getSubscribers(topic).length === 0; i++) await pause(10)
}

/** Statements that are signed and wrong: by a key without a seat, in another's name, of long ago, twice, both ways. */
function statements({ network, contribution, validator, datanet }: Target, key: Uint8Array) {
  const own = { contribution, validator, accept: true, outcome: contribution, salt: contribution }
  const vote = signStatement(network, 'Vote', own, key)
  const other = signStatement(network, 'Vote', { ...own, accept: false }, key)
  const commit = { contribution, validator, commitment: contribution }
  const seconds = Math.floor(Date.now() / 1000)
  const kinds: [object, number][] = [
    [{ kind: 'vote', statement: vote }, seconds],
    [{ kind: 'vote', statement: other }, seconds],
    [{ kind: 'vote-commit', statement: signStatement(network, 'VoteCommit', commit, key) }, seconds],
    [{ kind: 'vote', statement: { ...vote, message: { ...own, outcome: datanet } } }, seconds],
    [{ kind: 'vote', statement: vote }, seconds - 3600],
    [{ kind: 'vote', statement: vote }, seconds + 3600]
  ]
  return kinds
}

const attacks: Record<string, (attack: Attack, target: Target) => Promise<void>> = {
  /** 5,000 gossip messages a second, each another one. */
  gossip: (attack, target) =>
    goOn(
      attack,
      5000,
      (by, n) =>
        by.stranger.say(datanetTopic(target.datanet), JSON.stringify({ kind: 'nothing', n })).catch(() => undefined),
      inTopic(target)
    ),
  /** 5,000 a second that break no rule that can be seen before the envelope is opened: said long ago. */
  stale: (attack, target) =>
    goOn(
      attack,
      5000,
      (by, n) => by.stranger.say(datanetTopic(target.datanet), JSON.stringify({ n }), 1000 + n).catch(() => undefined),
      inTopic(target)
    ),
  statements: (attack, target) => {
    let wrong: [object, number][] = []
    const key = some(32)
    return goOn(
      attack,
      200,
      async (by, n) => {
        if (wrong.length === 0) wrong = statements(target, key)
        const [message, at] = wrong[n % wrong.length] ?? [{}, 0]
        await by.stranger.say(datanetTopic(target.datanet), JSON.stringify(message), at).catch(() => undefined)
      },
      inTopic(target)
    )
  },
  /** 10,000 streams, on which nothing is said. */
  streams: (attack, target) => {
    void target
    return goOn(attack, 10_000, async by => {
      if (attack.outcome.sent < 10_000) listen(attack, await by.open('/tilth/data/sync/1'))
      else await pause(100)
    })
  },
  /** A byte a second on as many streams of each protocol as are given. */
  drip: async (attack, target) => {
    void target
    const protocols = ['/tilth/data/sync/1', '/tilth/models/infer/1', '/tilth/payouts/content/1', '/tilth/kad/1']
    const open: Awaited<ReturnType<Somebody['open']>>[] = []
    await goOn(attack, 100, async (by, n) => {
      if (open.length < 400) {
        const stream = await by.open(protocols[n % protocols.length] ?? '')
        stream.send(Uint8Array.of(0xa0, 0x06))
        listen(attack, stream)
        open.push(stream)
      }
      for (const stream of open.filter((_, i) => i % 100 === n % 100))
        if (stream.status === 'open' && stream.writeStatus === 'writable') stream.send(Uint8Array.of(0x20))
    })
  },
  /** Prompts of 10 MB, to a worker by stream and to its API. */
  prompts: async (attack, target) => {
    const prompt = 'x'.repeat(10 << 20)
    const body = JSON.stringify({ model: 'any', messages: [{ role: 'user', content: prompt }] })
    const frames = framed(join(Uint8Array.of(0), new TextEncoder().encode(body)))
    const byApi = (async () => {
      while (performance.now() < attack.until) {
        const headers = { authorization: `Bearer ${target.token}`, 'content-type': 'application/json' }
        await fetch(`${target.url}/v1/chat/completions`, { method: 'POST', headers, body }).then(
          ({ status }) => {
            attack.tell(`HTTP ${status}`)
          },
          () => {
            attack.tell('HTTP cut')
          }
        )
        await pause(50)
      }
    })()
    await goOn(attack, 20, async by => {
      const stream = await by.open('/tilth/models/infer/1')
      listen(attack, stream)
      for (let at = 0; at < frames.length && stream.writeStatus === 'writable'; at += 65_536)
        stream.send(frames.subarray(at, at + 65_536))
    })
    await byApi
  },
  /** Wants for everything, 1,000 at once, and blocks nobody asked for under names that are others'. */
  bitswap: (attack, target) => {
    void target
    let stream: Awaited<ReturnType<Somebody['open']>> | undefined
    return goOn(
      attack,
      50,
      async (by, n) => {
        if (stream?.status !== 'open') {
          stream = await by.open('/ipfs/bitswap/1.2.0')
          listen(attack, stream)
        }
        const wants = Array.from({ length: 1000 }, () =>
          field(1, join(field(1, cidOf(some(8)).bytes), field(2, 1), field(4, n % 2), field(5, 1)))
        )
        const lie = join(field(1, Uint8Array.of(1, 0x55, 0x12, 0x20)), field(2, some(65_536)))
        if (stream.writeStatus === 'writable') stream.send(framed(join(field(1, join(...wants)), field(3, lie))))
      },
      async () => {
        stream = undefined
      }
    )
  },
  /** It says that it has everything, and names as neighbours who are not there. */
  dht: (attack, target) => {
    void target
    let stream: Awaited<ReturnType<Somebody['open']>> | undefined
    return goOn(
      attack,
      2000,
      async (by, n) => {
        if (stream?.status !== 'open') {
          stream = await by.open('/tilth/kad/1')
          listen(attack, stream)
        }
        const self = by.stranger.libp2p.peerId.toMultihash().bytes
        const peer = join(field(1, self), field(2, multiaddr(`/ip4/10.0.${n % 256}.1/tcp/4001`).bytes))
        const message = join(field(1, 2), field(2, cidOf(some(8)).bytes), field(9, peer))
        if (stream.writeStatus === 'writable') stream.send(framed(message))
      },
      async () => {
        stream = undefined
      }
    )
  },
  /** The same envelope again and again. */
  replays: (attack, target) => {
    const topic = datanetTopic(target.datanet)
    const said = envelope(topic, '{"kind":"nothing"}', Math.floor(Date.now() / 1000), some(32))
    // In gossip's own frame: a library would send it once.
    const message = framed(field(2, join(field(2, said), field(4, new TextEncoder().encode(topic)))))
    let stream: Awaited<ReturnType<Somebody['open']>> | undefined
    return goOn(
      attack,
      2000,
      async by => {
        if (stream?.status !== 'open') {
          stream = await by.open('/meshsub/1.2.0')
          listen(attack, stream)
        }
        if (stream.writeStatus === 'writable') stream.send(message)
      },
      async by => {
        stream = undefined
        await inTopic(target)(by)
      }
    )
  }
}
export const attackNames = Object.keys(attacks)

if (process.argv[1] === import.meta.filename) {
  const [, , name = '', given = '{}'] = process.argv
  const target = JSON.parse(given) as Target
  const { peerId, listening, seconds } = target
  const attack = startAttack({ peers: { listening: () => listening, self: { peerId } } }, seconds)
  await attacks[name]?.(attack, target)
  process.stdout.write(JSON.stringify(attack.outcome), () => process.exit(0))
}
