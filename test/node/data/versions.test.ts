import assert from 'node:assert/strict'
import { mostParents, noRemoval, tally, versionRoot, withdrawn } from '../../../protocol/data/index.ts'
import type { DatanetDocument, VersionEntry, VersionManifest } from '../../../protocol/data/index.ts'
import { signStatement } from '../../../protocol/crypto/index.ts'
import { canonicalJson, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createBook } from '../../../node/data/book/index.ts'
import { goneFrom, leftOf } from '../../../node/data/host/left.ts'
import { createVersions } from '../../../node/data/host/versions.ts'
import { silentLog } from '../../../node/runtime/index.ts'
import { addressOf, cid, keyOf, network, rules, voteOf } from '../../protocol/data/make.ts'
import { memoryStore } from './in-memory.ts'

const validators = ['v1', 'v2', 'v3']
const host = addressOf('host')
const contribution = (datanet: Hex): Hex => keccak(`of ${datanet}`)

/** Version 1 of a Datanet: one contribution, sealed by its validators. */
function versionOf(datanet: Hex): VersionManifest {
  const id = contribution(datanet)
  const decided = tally(
    id,
    rules.validators,
    validators.map(name => voteOf(name, id, true, [0]))
  )
  assert.ok(decided.state === 'decided')
  const entries: VersionEntry[] = [
    { contribution: id, contributor: addressOf('ann'), cid, own: [0], certificate: decided.certificate }
  ]
  const sealed = { datanet, version: 1, root: versionRoot(entries), count: 1 }
  const seals = validators.map(name =>
    signStatement(network, 'VersionSeal', { ...sealed, validator: addressOf(name) }, keyOf(name))
  )
  return { datanet, version: 1, root: sealed.root, heldOut: cid, entries, seals }
}

/** Versions of so many Datanets, read by a node that follows the first of them, and what it did for that. */
function reader(count: number) {
  const datanets = Array.from({ length: count }, (_, n) => keccak(`Datanet ${n}`))
  const manifests = new Map(datanets.map(datanet => [`manifest of ${datanet}`, versionOf(datanet)]))
  const did = { checked: 0, pinned: new Set<string>(), held: [] as string[] }
  const document = { rules, statement: { message: { host } } } as unknown as DatanetDocument
  const deps = {
    network,
    log: silentLog,
    self: addressOf('reader'),
    key: keyOf('reader'),
    chain: {
      ledger: { trial: async () => undefined, version: async () => undefined },
      datanets: {
        async version(datanet: Hex) {
          const name = `manifest of ${datanet}`
          return { root: manifests.get(name)?.root, count: 1, cid: name, roster: 1 }
        }
      }
    },
    files: {
      async fetchBytes(name: string, { pin }: { pin: boolean }) {
        if (pin) did.pinned.add(name)
        return new TextEncoder().encode(canonicalJson(manifests.get(name) ?? null))
      }
    }
  }
  const book = {
    contribution: async (id: Hex) => ({
      datanet: datanets.find(datanet => contribution(datanet) === id),
      contributor: addressOf('ann'),
      index: 1
    })
  }
  const rosters = {
    async deciding() {
      did.checked++
      return document
    },
    sealing: async () => document,
    sitting: async () => document
  }
  const holdings = {
    async hold(name: string, reason: string) {
      did.held.push(`${reason} ${name}`)
    }
  }
  const versions = createVersions(
    deps as never,
    book as never,
    {} as never,
    rosters as never,
    {} as never,
    async () => document,
    {} as never,
    holdings,
    datanet => datanet === datanets[0],
    async () => false
  )
  return { datanets, did, versions, manifests }
}

describe('data: versions that are read', () => {
  it('are checked once, also when more of them are read in turn than are kept in memory', async () => {
    const { datanets, did, versions } = reader(mostParents)
    for (let round = 0; round < 3; round++)
      for (const datanet of datanets) assert.equal((await versions.manifest(datanet, 1)).datanet, datanet)
    assert.equal(did.checked, mostParents)
  })

  it('and what is none is refused each time', async () => {
    const { datanets, manifests, versions } = reader(1)
    const [name, manifest] = [...manifests][0]!
    manifests.set(name, { ...manifest, seals: [] })
    for (let round = 0; round < 2; round++)
      await assert.rejects(versions.manifest(datanets[0]!, 1), { code: 'version.incomplete' })
  })

  it('are kept with a reason by who follows the Datanet, and by nobody else', async () => {
    const { datanets, did, versions } = reader(3)
    for (const datanet of datanets) await versions.manifest(datanet, 1)
    const name = `manifest of ${datanets[0]}`
    assert.deepEqual([...did.pinned], [name])
    assert.deepEqual(did.held, [`version/${datanets[0]} ${name}`])
  })
})

describe('data: what has left', () => {
  it('is asked of what has left, however much a version holds, and of the parents of a mix', async () => {
    const book = createBook({ store: memoryStore(), network })
    const [home, mix] = [keccak('home'), keccak('mix')]
    const ids = Array.from({ length: 200 }, (_, n) => keccak(`c ${n}`))
    for (const [n, id] of ids.entries())
      await book.putContribution({
        id,
        datanet: home,
        index: n + 1,
        contributor: addressOf('ann'),
        commitment: id,
        block: 1n,
        seenAt: 1,
        state: { name: 'committed', at: 1 }
      })
    const message = { contribution: ids[6]!, contributor: addressOf('ann') }
    const statement = signStatement(network, 'Withdrawal', message, keyOf('ann'))
    const removal = withdrawn(noRemoval, statement, addressOf('ann'))
    assert.ok(removal !== undefined)
    await book.putRemoval({ datanet: home, index: 7 }, removal)
    let asked = 0
    const counted = {
      removals: (datanet: Hex, from: number, limit: number) => book.removals(datanet, from, limit),
      async at(datanet: Hex, index: number) {
        asked++
        return book.at(datanet, index)
      }
    }
    const entries = ids.map(id => ({ contribution: id })) as unknown as VersionEntry[]
    const left = [[ids[6], 'withdrawn']]
    assert.deepEqual([...(await leftOf(counted, { datanet: home, entries }))], left)
    assert.deepEqual(
      [...(await leftOf(counted, { datanet: mix, parents: [{ datanet: home, version: 1 }], entries }))],
      left
    )
    assert.equal(asked, 2)
    assert.deepEqual([...(await leftOf(counted, { datanet: home, entries: entries.slice(0, 6) }))], [])
    assert.equal((await goneFrom(counted, [mix])).size, 0)
  })
})
