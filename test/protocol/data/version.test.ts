import assert from 'node:assert/strict'
import { checkVersion, tally, versionPath, versionProof, versionRoot } from '../../../protocol/data/index.ts'
import type { Certificate, VersionEntry, VersionManifest } from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { addressOf, cid, datanet, network, rules, voteOf } from './make.ts'

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
const manifestOf = (of: VersionEntry[]): VersionManifest => ({
  datanet,
  version: 1,
  root: versionRoot(of),
  heldOut: cid,
  entries: of
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
})
