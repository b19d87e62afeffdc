import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  UploadCount,
  checkVersion,
  tally,
  versionPath,
  versionProof,
  versionRoot,
  versionSteps
} from '../../../protocol/data/index.ts'
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
    // Of each entry's signatures the process may pause after: a version may have hundreds of thousands.
    const steps = versionSteps(network, rules, manifest, anchoredAs(manifest), id => orders.get(id))
    assert.equal([...steps].length, entries.length)
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

  describe('and what the rules let an account bring', () => {
    const uploads = { epochBlocks: 10, rows: 4, bytes: 1_000, mostRows: 8, newcomerRows: 6 }
    const limited = { ...rules, uploads, uploadsPerContributor: 4 }
    const check = (of: VersionEntry[], blockOf: (contribution: Hex) => bigint): void => {
      const manifest = manifestOf(of)
      const order = new Map(of.map(({ contribution }, at) => [contribution, at + 1]))
      checkVersion(network, limited, manifest, anchoredAs(manifest), id => order.get(id), undefined, undefined, blockOf)
    }
    const over = (of: VersionEntry[], blockOf: (contribution: Hex) => bigint = () => 1n): void => {
      assert.throws(
        () => {
          check(of, blockOf)
        },
        { code: 'version.allowance' }
      )
    }
    const rowsOf = (rows: number): number[] => Array.from({ length: rows }, (_, at) => at)
    const by = (name: string, n: number, rows: number): VersionEntry => ({
      ...entryOf(n, rowsOf(rows)),
      contributor: addressOf(name)
    })

    it('holds no more contributions of an account, and no more of its rows of an epoch', () => {
      const four = [1, 2, 3, 4].map(n => by('one', n, 1))
      check(four, () => 1n)
      over([...four, by('one', 5, 1)])
      check([...four, by('two', 5, 1)], () => 1n)
      check([by('one', 1, 8)], () => 1n)
      over([by('one', 1, 9)])
      const twice = [by('one', 1, 5), by('one', 2, 4)]
      over(twice)
      check([by('one', 1, 5), by('two', 2, 4)], () => 1n)
      check(twice, id => (id === twice[0]?.contribution ? 9n : 10n))
    })

    it('stands whatever has left since: what spoke for its entries when they were accepted may be gone', () => {
      const offers = fc.array(
        fc.record({
          name: fc.constantFrom('ann', 'bob', 'cleo'),
          step: fc.constantFrom(0, 1),
          rows: fc.integer({ min: 1, max: 6 }),
          isGood: fc.constantFrom(true, true, true, false),
          leaves: fc.boolean()
        }),
        { minLength: 1, maxLength: 12 }
      )
      let gone = 0
      fc.assert(
        fc.property(offers, list => {
          const count = new UploadCount(uploads)
          const files = new Map<string, number>()
          const blocks = new Map<Hex, bigint>()
          const stays: VersionEntry[] = []
          let epoch = 0
          for (const [at, { name, step, rows, isGood, leaves }] of list.entries()) {
            epoch += step
            const brought = (files.get(name) ?? 0) + 1
            if (brought > limited.uploadsPerContributor) continue
            files.set(name, brought)
            const upload = { contributor: addressOf(name), epoch, rows, bytes: rows }
            const isTaken = count.judge(upload).code === 'ok' && isGood
            count.add({ ...upload, fate: isTaken ? 'accepted' : 'rejected', own: isTaken ? rows : 0 })
            if (!isTaken) continue
            const entry = by(name, at + 1, rows)
            blocks.set(entry.contribution, BigInt(epoch * uploads.epochBlocks))
            if (leaves) gone++
            else stays.push(entry)
          }
          if (stays.length > 0) check(stays, id => blocks.get(id)!)
        }),
        { numRuns: 60 }
      )
      assert.ok(gone > 0)
      // Six rows that two accepted ones spoke for: their author takes the two back.
      check([by('ann', 2, 6)], () => 10n)
    })
  })
})
