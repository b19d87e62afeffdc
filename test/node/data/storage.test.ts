import assert from 'node:assert/strict'
import type { DatanetDocument, VersionManifest } from '../../../protocol/data/index.ts'
import { TilthError, canonicalJson, keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createKeeping, createSpare, replicas } from '../../../node/data/storage/index.ts'
import type { Holdings } from '../../../node/data/storage/index.ts'
import { silentLog } from '../../../node/runtime/index.ts'
import { addressOf, cid as heldOut, rules } from '../../protocol/data/make.ts'

// Peers that come and go, with what each has on its disk and what the DHT still says of them.

type Deps = Parameters<typeof createSpare>[0]
const datanet = keccak('a datanet')
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(canonicalJson(value))

class World {
  readonly alive = new Set<Address>()
  readonly disks = new Map<Address, Map<string, Uint8Array>>()
  /** Who once said to have what: nobody takes it back when a peer is gone. */
  readonly records = new Map<string, Set<Address>>()

  put(self: Address, cid: string, bytes: Uint8Array): void {
    const disk = this.disks.get(self) ?? new Map<string, Uint8Array>()
    this.disks.set(self, disk.set(cid, bytes))
    this.records.set(cid, (this.records.get(cid) ?? new Set()).add(self))
  }
  have(cid: string): number {
    return [...this.alive].filter(peer => this.disks.get(peer)?.has(cid)).length
  }
  fetch(cid: string): Uint8Array {
    for (const peer of this.alive) {
      const bytes = this.disks.get(peer)?.get(cid)
      if (bytes !== undefined) return bytes
    }
    throw new TilthError('files.unavailable', 'nobody has it')
  }
}

function depsOf(world: World, self: Address, manifest: string): Deps {
  world.alive.add(self)
  const deps = {
    self,
    log: silentLog,
    chain: { datanets: { version: async () => ({ cid: manifest, root: keccak('root'), count: 1, roster: 1 }) } },
    peers: {
      // Whoever looks is connected to somebody.
      connected: () => [{ address: addressOf('a client'), peerId: 'a client' }],
      async dial(peer: Address) {
        if (!world.alive.has(peer)) throw new TilthError('peer.unreachable', 'it is gone')
      }
    },
    files: {
      has: async (cid: string) => world.disks.get(self)?.has(cid) ?? false,
      async fetchBytes(cid: string, { pin = true }: { pin?: boolean }) {
        const bytes = world.fetch(cid)
        if (pin) world.put(self, cid, bytes)
        return bytes
      },
      provide: async () => undefined,
      async *findProviders(cid: string) {
        for (const address of world.records.get(cid) ?? []) yield { address, peerId: address }
      }
    }
  }
  return deps as unknown as Deps
}

function holdingsOf(): Holdings {
  const spare = new Map<string, number>()
  return {
    async hold(cid, reason, bytes) {
      if (reason === 'spare') spare.set(cid, bytes)
    },
    release: async () => undefined,
    held: async cid => spare.has(cid),
    reasons: async () => [],
    spare: async () => ({
      files: [...spare].map(([cid, bytes]) => ({ cid, bytes })),
      bytes: [...spare.values()].reduce((sum, bytes) => sum + bytes, 0)
    })
  }
}

const shards = Array.from({ length: 6 }, (_, n) => `${heldOut.slice(0, -1)}${'abcdef'[n]}`)
const people = ['host', 'ann', 'bob', 'cleo', 'dora', 'ella', 'finn', 'gina'].map(addressOf) as [Address, ...Address[]]
const [host] = people
const stopping = new AbortController().signal

describe('data: what is kept of a Datanet when peers go', () => {
  it('of eight peers three go for good: each accepted shard is had, and is copied again', async () => {
    const world = new World()
    const entries = shards.map((cid, n) => {
      const contribution = keccak(`c ${n}`)
      const certificate = {
        contribution,
        accept: true,
        outcome: keccak('outcome'),
        votes: [
          {
            type: 'Vote',
            message: { contribution, validator: host, accept: true, outcome: keccak('outcome'), salt: keccak('salt') },
            signature: `0x${'1b'.repeat(65)}`
          }
        ]
      }
      return { contribution, contributor: host, cid, own: [0], certificate }
    })
    const manifest = {
      datanet,
      version: 1,
      root: keccak('root'),
      heldOut,
      entries,
      seals: []
    } as unknown as VersionManifest
    const named = `${heldOut.slice(0, -1)}x`
    world.put(host, named, encode(manifest))
    for (const cid of shards) world.put(host, cid, encode(cid))
    const book = {
      listings: async (after: string) =>
        after === '' ? [[datanet, { host, version: 1, block: 1n, commitments: 6, count: 6 }] as const] : []
    } as never
    const spares = people.map(self =>
      createSpare(depsOf(world, self, named), 1 << 20, book, holdingsOf(), () => self === host, stopping)
    )
    const rounds = async (): Promise<void> => {
      for (let round = 0; round < 12; round++)
        for (const [i, spare] of spares.entries()) if (world.alive.has(people[i]!)) await spare.round()
    }
    await rounds()
    for (const cid of [named, ...shards]) assert.ok(world.have(cid) >= replicas, `${cid} is had by ${world.have(cid)}`)

    // The host, who alone had all of it, and two that hold the first shard.
    const holders = [...world.alive].filter(peer => peer !== host && world.disks.get(peer)?.has(shards[0]!))
    for (const peer of [host, ...holders.slice(0, 2)]) world.alive.delete(peer)
    assert.equal(world.alive.size, 5)
    await rounds()
    for (const cid of [named, ...shards]) {
      assert.ok(world.fetch(cid).length > 0)
      assert.ok(world.have(cid) >= replicas, `${cid} is had by ${world.have(cid)} of those that are left`)
    }
  })

  it('who follows a Datanet fetches what was accepted while it was away, and the manifest of the version', async () => {
    const world = new World()
    const named = `${heldOut.slice(0, -1)}y`
    world.alive.add(host)
    world.put(host, named, encode('a manifest'))
    for (const cid of shards) world.put(host, cid, encode(cid))
    const self = addressOf('ann')
    const records = shards.map((cid, n) => ({
      id: keccak(`c ${n}`),
      index: n + 1,
      contributor: host,
      state:
        n === 2
          ? { name: 'expired' }
          : { name: 'accepted', statements: { reveal: { message: { cid } } }, certificate: {} }
    }))
    const document = { statement: { message: { host } }, rules } as unknown as DatanetDocument
    const book = {
      datanet: async () => ({ document }),
      listing: async () => ({ version: 1 }),
      removed: async () => undefined,
      async *contributions(_: Hex, from: number, limit: number) {
        yield* records.filter(({ index }) => index >= from).slice(0, limit)
      }
    } as never
    const held: string[] = []
    const hold = async (cid: string, reason: string): Promise<void> => {
      held.push(`${reason.split('/')[0] ?? ''} ${cid}`)
    }
    const keeping = createKeeping(depsOf(world, self, named), book, { hold }, () => [datanet], stopping)
    let came = 0
    for (let round = 0; round < 6; round++) came += await keeping.round()
    assert.equal(came, 6)
    assert.deepEqual(
      new Set(held),
      new Set([`version ${named}`, ...shards.filter((_, n) => n !== 2).map(cid => `contribution ${cid}`)])
    )
    assert.equal(await keeping.round(), 0)
  })
})
