import assert from 'node:assert/strict'
import type { DatanetDocument, VersionManifest } from '../../../protocol/data/index.ts'
import { TilthError, canonicalJson, keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createHoldings, createKeeping, createSpare, replicas } from '../../../node/data/storage/index.ts'
import type { Holdings } from '../../../node/data/storage/index.ts'
import { silentLog } from '../../../node/runtime/index.ts'
import { addressOf, cid as heldOut, rules } from '../../protocol/data/make.ts'
import { memoryStore } from './in-memory.ts'

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
      unpin: async (cid: string) => void world.disks.get(self)?.delete(cid),
      provide: async () => undefined,
      async *findProviders(cid: string) {
        for (const address of world.records.get(cid) ?? []) yield { address, peerId: address }
      }
    }
  }
  return deps as unknown as Deps
}

const holdingsOf = ({ files }: Deps): Holdings => createHoldings(memoryStore(), files)

const shards = Array.from({ length: 6 }, (_, n) => `${heldOut.slice(0, -1)}${'abcdef'[n]}`)
const people = ['host', 'ann', 'bob', 'cleo', 'dora', 'ella', 'finn', 'gina'].map(addressOf) as [Address, ...Address[]]
const [host] = people
const stopping = new AbortController().signal

const entryOf = (cid: string, n: number, own: readonly number[] = [0]) => {
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
  return { contribution, contributor: host, cid, own, certificate }
}

describe('data: what is kept of a Datanet when peers go', () => {
  it('of eight peers three go for good: each accepted shard is had, and is copied again', async () => {
    const world = new World()
    const entries = shards.map((cid, n) => entryOf(cid, n))
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
    const spares = people.map(self => {
      const deps = depsOf(world, self, named)
      return createSpare(deps, 1 << 20, book, holdingsOf(deps), () => self === host, stopping)
    })
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

  it('of a stranger whose manifest is of millions of numbers nothing is: all waits while it is read', async () => {
    const world = new World()
    const named = `${heldOut.slice(0, -1)}z`
    const [self] = people.slice(1) as [Address]
    const rounds = async (rows: number): Promise<number> => {
      const own = Array.from({ length: rows }, () => 1)
      const entries = shards.concat(shards).map((cid, n) => entryOf(cid, n, own))
      world.put(host, named, encode({ datanet, version: 1, root: keccak('root'), heldOut, entries, seals: [] }))
      for (const cid of shards) world.put(host, cid, encode(cid))
      world.alive.add(host)
      const deps = depsOf(world, self, named)
      const book = {
        listings: async () => [[datanet, { host, version: 1, block: 1n, commitments: 6, count: 6 }] as const]
      } as never
      return createSpare(deps, 1 << 26, book, holdingsOf(deps), () => false, stopping).round()
    }
    assert.equal(await rounds(100_000), 0)
    assert.ok((await rounds(10)) > 0)
  })

  describe('by who follows it', () => {
    const self = addressOf('ann')
    const named = `${heldOut.slice(0, -1)}y`
    const contribution = (n: number): Hex => keccak(`c ${n}`)
    const other = keccak('another Datanet')
    let world: World
    let deps: Deps
    let holdings: Holdings
    let followed: Hex[]
    beforeEach(() => {
      world = new World()
      world.alive.add(host)
      for (const cid of [named, ...shards]) world.put(host, cid, encode(cid))
      deps = depsOf(world, self, named)
      holdings = holdingsOf(deps)
      followed = [datanet]
    })

    /** Of one Datanet the third of six contributions came to nothing; the other has that one alone, and no version. */
    function keepingOf() {
      const recordOf = (n: number, cid: string, isAccepted: boolean, index = n + 1) => ({
        id: contribution(n),
        index,
        contributor: host,
        state: isAccepted
          ? { name: 'accepted', statements: { reveal: { message: { cid } } }, certificate: {} }
          : { name: 'expired' }
      })
      const records = shards.map((cid, n) => recordOf(n, cid, n !== 2))
      const others = [recordOf(9, shards[2]!, true, 1)]
      const document = { statement: { message: { host } }, rules } as unknown as DatanetDocument
      const book = {
        datanet: async () => ({ document }),
        listing: async (of: Hex) => ({ version: of === datanet ? 1 : 0 }),
        removed: async () => undefined,
        async *contributions(of: Hex, from: number, limit: number) {
          yield* (of === datanet ? records : others).filter(({ index }) => index >= from).slice(0, limit)
        }
      } as never
      const rosters = { deciding: async () => ({ ...document, host, licence: '' }) }
      return createKeeping(deps, book, holdings, rosters, () => followed, stopping)
    }
    const accepted = shards.filter((_, n) => n !== 2)
    const disk = (): string[] => [...(world.disks.get(self)?.keys() ?? [])].sort()

    it('what was accepted while it was away comes, and the manifest of the version, each with its reason', async () => {
      const keeping = keepingOf()
      let came = 0
      for (let round = 0; round < 6; round++) came += await keeping.round()
      assert.equal(came, 6)
      assert.deepEqual(await holdings.reasons(named), [`version/${datanet}`])
      for (const [n, cid] of shards.entries())
        assert.deepEqual(await holdings.reasons(cid), n === 2 ? [] : [`contribution/${contribution(n)}`])
      assert.equal(await keeping.round(), 0)
    })

    it('what nobody has holds up nothing after it, and is looked for again', async () => {
      const gone = [named, ...accepted.slice(0, 2)]
      for (const cid of gone) world.disks.get(host)?.delete(cid)
      const keeping = keepingOf()
      for (let round = 0; round < 4; round++) await keeping.round()
      assert.deepEqual(disk(), accepted.slice(2))
      for (const cid of gone) assert.deepEqual(await holdings.reasons(cid), [])
      for (const cid of gone) world.put(host, cid, encode(cid))
      for (let round = 0; round < 4; round++) await keeping.round()
      assert.deepEqual(disk(), [named, ...accepted].sort())
    })

    it('nothing is pinned that is not held, so that a killed process leaves nothing behind', async () => {
      const { fetchBytes } = deps.files
      const bare: string[] = []
      deps = {
        ...deps,
        files: {
          ...deps.files,
          async fetchBytes(cid, options) {
            if (options.pin !== false && !(await holdings.held(cid))) bare.push(cid)
            return fetchBytes(cid, options)
          }
        }
      }
      holdings = holdingsOf(deps)
      const keeping = keepingOf()
      for (let round = 0; round < 3; round++) await keeping.round()
      assert.equal(disk().length, 6)
      assert.deepEqual(bare, [])
    })

    it('what is here for the sake of something else stays when that goes', async () => {
      for (const cid of shards) await holdings.fetch(cid, 'spare', { maxBytes: 1 << 20 })
      const keeping = keepingOf()
      for (let round = 0; round < 3; round++) await keeping.round()
      for (const cid of shards) await holdings.release(cid, 'spare')
      assert.deepEqual(disk(), [named, ...accepted].sort())
    })

    it('what it leaves while a file is on its way is not kept, and another begins from its first', async () => {
      const { fetchBytes } = deps.files
      let left = false
      deps = {
        ...deps,
        files: {
          ...deps.files,
          async fetchBytes(cid, options) {
            // Left in the middle of the third file: what was kept is let go by then.
            if (cid === shards[1] && !left) {
              left = true
              followed = [other]
              for (const kept of [named, ...shards])
                for (const reason of await holdings.reasons(kept)) await holdings.release(kept, reason)
            }
            return fetchBytes(cid, options)
          }
        }
      }
      holdings = holdingsOf(deps)
      const keeping = keepingOf()
      await keeping.round()
      assert.deepEqual(disk(), [])
      for (const cid of shards) assert.deepEqual(await holdings.reasons(cid), [])
      await keeping.round()
      assert.deepEqual(disk(), [shards[2]])
    })
  })
})

describe('data: why a file is kept', () => {
  it('what was read from files is let go with its Datanet, and stays for the sake of another', async () => {
    const world = new World()
    for (const cid of shards) world.put(host, cid, encode(cid))
    world.alive.add(host)
    const deps = depsOf(world, addressOf('ann'), shards[0]!)
    const holdings = holdingsOf(deps)
    const [one, two] = [keccak('one'), keccak('two')]
    for (const cid of shards.slice(0, 3)) await holdings.fetch(cid, `imported/${one}`, { maxBytes: 1 << 20 })
    for (const cid of shards.slice(2, 4)) await holdings.fetch(cid, `imported/${two}`, { maxBytes: 1 << 20 })
    await holdings.hold(shards[1]!, `contribution/${one}`, 1)
    await holdings.releaseImported(one)
    const here = async (): Promise<boolean[]> => Promise.all(shards.map(cid => deps.files.has(cid)))
    assert.deepEqual(await here(), [false, true, true, true, false, false])
    assert.deepEqual(await holdings.reasons(shards[2]!), [`imported/${two}`])
    await holdings.releaseImported(two)
    assert.deepEqual(await here(), [false, true, false, false, false, false])
  })

  it('what is not to be had is held no more than before', async () => {
    const world = new World()
    const deps = depsOf(world, addressOf('ann'), shards[0]!)
    const holdings = holdingsOf(deps)
    const fetched = holdings.fetch(shards[0]!, 'spare', { maxBytes: 1 })
    await assert.rejects(fetched, { code: 'files.unavailable' })
    assert.equal(await holdings.held(shards[0]!), false)
    await holdings.hold(shards[0]!, 'prepared', 1)
    await assert.rejects(holdings.fetch(shards[0]!, 'prepared', { maxBytes: 1 }), { code: 'files.unavailable' })
    assert.deepEqual(await holdings.reasons(shards[0]!), ['prepared'])
  })

  it('room that was to be lent to what never came is given back', async () => {
    const world = new World()
    const deps = depsOf(world, addressOf('ann'), shards[0]!)
    const holdings = holdingsOf(deps)
    await holdings.hold(shards[0]!, 'spare', 0) // a process that was killed while it came
    const book = { listings: async () => [] } as never
    await createSpare(deps, 1 << 20, book, holdings, () => false, stopping).round()
    assert.equal(await holdings.held(shards[0]!), false)
  })
})
