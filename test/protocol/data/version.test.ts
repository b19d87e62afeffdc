import assert from 'node:assert/strict'
import { checkVersion, tally, versionPath, versionProof, versionRoot } from '../../../protocol/data/index.ts'
import type { Certificate, VersionEntry, VersionManifest } from '../../../protocol/data/index.ts'
import { signStatement } from '../../../protocol/crypto/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { addressOf, cid, datanet, keyOf, network, rules, voteOf } from './make.ts'

function certificateOf(contribution: Hex, accept: boolean, own: readonly number[]): Certificate {
  const result = tally(
    contribution,
    rules.validators,
    ['v1', 'v2', 'v3'].map(name => voteOf(name, contribution, accept, own))
  )
  assert.ok(result.state === 'decided')
  return result.certificate
}
const entryOf = (n: number, own: number[] = [0, n]): VersionEntry => {
  const contribution = keccak(`contribution ${n}`)
  return {
    contribution,
    contributor: addressOf(`person ${n}`),
    cid,
    own,
    certificate: certificateOf(contribution, true, own)
  }
}
const entries = Array.from({ length: 13 }, (_, n) => entryOf(n + 1))
const orders = new Map(entries.map(({ contribution }, i) => [contribution, i + 1]))
const sealOf = (validator: string, of: readonly VersionEntry[], version = 1) =>
  signStatement(
    network,
    'VersionSeal',
    { datanet, version, root: versionRoot(of), count: of.length, validator: addressOf(validator) },
    keyOf(validator)
  )
const manifestOf = (of: VersionEntry[]): VersionManifest => ({
  datanet,
  version: 1,
  root: versionRoot(of),
  heldOut: cid,
  entries: of,
  seals: ['v1', 'v2', 'v3'].map(validator => sealOf(validator, of))
})
const anchoredAs = (manifest: VersionManifest) => ({
  datanet,
  version: 1,
  root: manifest.root,
  count: manifest.entries.length
})

describe('data: versions', () => {
  it('has at least one entry', () => {
    assert.throws(() => versionRoot([]), { code: 'version.empty' })
  })

  it('has another root for another order, set or rows; not for other votes', () => {
    const root = versionRoot(entries)
    assert.notEqual(versionRoot([...entries].reverse()), root)
    assert.notEqual(versionRoot(entries.slice(1)), root)
    assert.notEqual(versionRoot([...entries.slice(0, -1), entryOf(13, [0])]), root)
    assert.equal(
      versionRoot(
        entries.map(entry => ({
          ...entry,
          certificate: { ...entry.certificate, votes: entry.certificate.votes.slice(1) }
        }))
      ),
      root
    )
  })

  it('has a way from each entry to its root, whatever their number, and none from another', () => {
    for (let count = 1; count <= entries.length; count++) {
      const some = entries.slice(0, count)
      for (const [index, entry] of some.entries()) {
        const proof = versionProof(some, index)
        assert.equal(versionPath(entry, proof).at(-1), versionRoot(some))
        assert.notEqual(versionPath({ ...entry, own: [7] }, proof).at(-1), versionRoot(some))
      }
    }
    assert.throws(() => versionProof(entries, 13), { code: 'version.entry' })
  })

  it('is checked from the rules and the chain alone', () => {
    const manifest = manifestOf(entries)
    const check = (changed: VersionManifest, anchored = anchoredAs(changed)): void => {
      checkVersion(network, rules, changed, anchored, id => orders.get(id))
    }
    check(manifest)
    assert.throws(
      () => {
        check(manifest, { ...anchoredAs(manifest), version: 2 })
      },
      { code: 'version.mismatch' }
    )
    assert.throws(
      () => {
        check(manifest, { ...anchoredAs(manifest), count: 12 })
      },
      { code: 'version.mismatch' }
    )
    assert.throws(
      () => {
        check({ ...manifest, heldOut: `${cid.slice(0, -1)}a` })
      },
      { code: 'version.mismatch' }
    )
    assert.throws(
      () => {
        check(manifest, { ...anchoredAs(manifest), root: keccak('another') })
      },
      { code: 'version.root' }
    )
    assert.throws(
      () => {
        check({ ...manifest, entries: [...entries.slice(0, -1), entryOf(13, [0])] }, anchoredAs(manifest))
      },
      { code: 'version.root' }
    )
    assert.throws(
      () => {
        check(manifestOf([...entries].reverse()))
      },
      { code: 'version.order' }
    )
    assert.throws(
      () => {
        check(manifestOf([entries[0]!, entries[0]!]))
      },
      { code: 'version.order' }
    )
    assert.throws(
      () => {
        check(manifestOf([entryOf(99)]))
      },
      { code: 'version.order' }
    )
    assert.throws(
      () => {
        check(manifestOf([{ ...entries[0]!, own: [0] }]))
      },
      { code: 'version.outcome' }
    )
    assert.throws(
      () => {
        check(manifestOf([{ ...entries[0]!, certificate: entries[1]!.certificate }]))
      },
      { code: 'version.outcome' }
    )
    const thin = {
      ...entries[0]!,
      certificate: { ...entries[0]!.certificate, votes: entries[0]!.certificate.votes.slice(1) }
    }
    assert.throws(
      () => {
        check(manifestOf([thin]))
      },
      { code: 'certificate.quorum' }
    )
  })

  it('is complete by the word of validators who hold more than two thirds of the weight, and of nobody else', () => {
    const five = entries.slice(0, 5)
    const check = (manifest: VersionManifest, anchored = anchoredAs(manifest), sitting = rules.validators): void => {
      checkVersion(network, rules, manifest, anchored, id => orders.get(id), undefined, sitting)
    }
    const incomplete = (manifest: VersionManifest, sitting = rules.validators): void => {
      assert.throws(
        () => {
          check(manifest, anchoredAs(manifest), sitting)
        },
        { code: 'version.incomplete' }
      )
    }
    check(manifestOf(five))
    // Its host leaves out three of five: whoever has all of them seals no such version.
    const some = [five[1]!, five[3]!]
    incomplete({ ...manifestOf(some), seals: [] })
    incomplete({ ...manifestOf(some), seals: manifestOf(five).seals })
    incomplete({ ...manifestOf(some), seals: ['v1', 'v2'].map(validator => sealOf(validator, some)) })
    const [one, , other] = manifestOf(some).seals
    incomplete({ ...manifestOf(some), seals: [one!, one!, other!] })
    incomplete({ ...manifestOf(some), seals: [...manifestOf(some).seals, sealOf('mallory', some)] })
    const forged = { ...one!, message: { ...one!.message, validator: addressOf('v2') } }
    incomplete({ ...manifestOf(some), seals: [one!, forged, other!] })
    // A version that shrinks is another version than the one that was sealed.
    incomplete({ ...manifestOf(five.slice(0, 3)), seals: manifestOf(five).seals })
    incomplete({ ...manifestOf(five), seals: ['v1', 'v2', 'v3'].map(validator => sealOf(validator, five, 2)) })
    // Who sits by then seals, not who sat first.
    incomplete(manifestOf(five), [{ address: addressOf('another'), weight: 1 }])
  })

  it('holds no more of an account, or of all newcomers, than the rules let them bring', () => {
    const limited = {
      ...rules,
      uploads: { epochBlocks: 10, rows: 4, bytes: 1_000, mostRows: 8, newcomerRows: 6 }
    }
    const check = (of: VersionEntry[], blockOf: (index: number) => bigint): void => {
      const manifest = manifestOf(of)
      const anchored = anchoredAs(manifest)
      const byBlock = (id: Hex): bigint => blockOf(orders.get(id)!)
      checkVersion(network, limited, manifest, anchored, id => orders.get(id), undefined, undefined, byBlock)
    }
    const three = entries.slice(0, 3) // two rows each, of three people
    check(three, () => 1n)
    const over = (of: VersionEntry[], blockOf: (index: number) => bigint): void => {
      assert.throws(
        () => {
          check(of, blockOf)
        },
        { code: 'version.allowance' }
      )
    }
    over(entries.slice(0, 4), () => 1n)
    check(entries.slice(0, 4), index => BigInt(index * 5))
    const mine = [1, 2, 3].map(n => ({ ...entryOf(n, [0]), contributor: addressOf('one') }))
    over(mine, () => 1n) // two contributions an account
    check(mine.slice(0, 2), () => 1n)
    over([entryOf(1, [0, 1, 2, 3, 4])], () => 1n)
  })
})
