import assert from 'node:assert/strict'
import fc from 'fast-check'
import { familyOf } from '../../../protocol/models/index.ts'
import { keccak, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

const [host, other]: [Hex, Hex] = [`0x${'aa'.repeat(20)}`, `0x${'bb'.repeat(20)}`]
const base = 'bafybeibase'
const model = (name: string, builder: Hex, datanet: Hex, version: number) => ({
  id: keccak(`${name} ${builder} ${datanet} ${version}`),
  name,
  builder,
  base,
  adapter: datanet === zeroHash ? null : `adapter-${name}-${version}`,
  datanet,
  version
})

describe('the family of a base', () => {
  const birds = keccak('birds')
  const seedling = model('seedling', host, zeroHash, 0)

  it('has the base first, and each next model of a name under the one before it', () => {
    const list = [
      model('finch', host, birds, 1),
      seedling,
      model('finch', host, birds, 2),
      model('finch', other, birds, 2),
      model('finch', host, birds, 3)
    ]
    const family = familyOf(base, list)
    assert.deepEqual(
      family.map(({ model: one, parent }) => [one?.name, one?.version, parent]),
      [
        ['seedling', 0, null],
        ['finch', 1, 0],
        ['finch', 2, 1],
        ['finch', 2, 0],
        ['finch', 3, 2]
      ]
    )
  })

  it('has a root where nobody registered the base', () => {
    assert.deepEqual(
      familyOf(base, [model('finch', host, birds, 1)]).map(({ model: one, parent }) => [one?.name ?? null, parent]),
      [
        [null, null],
        ['finch', 0]
      ]
    )
  })
})

describe('a family with models that say what they were grown from', () => {
  const birds = keccak('birds')
  const grown = (name: string, of: string, upstream: Hex | undefined, adapter: string | null, builder = host) => ({
    ...model(name, builder, adapter === null ? zeroHash : birds, 1),
    id: keccak(`${name} on ${of} from ${upstream}`),
    base: of,
    adapter,
    ...(upstream === undefined ? {} : { upstream })
  })
  const seedling = grown('seedling', 'b1', undefined, null)
  const finch = grown('finch', 'b1', seedling.id, 'a1')
  const merged = grown('merged', 'b2', finch.id, null)
  const wren = grown('wren', 'b2', merged.id, 'a2')
  const shown = (base: string, list: (typeof seedling)[]) =>
    familyOf(base, list).map(({ model: one, parent }) => [one?.name ?? null, parent])

  it('goes on from base to base, whichever of them is asked for', () => {
    for (const base of ['b1', 'b2'])
      assert.deepEqual(shown(base, [seedling, finch, merged, wren, grown('else', 'b3', undefined, 'a3')]), [
        ['seedling', null],
        ['finch', 0],
        ['merged', 1],
        ['wren', 2]
      ])
  })

  it('is not moved by what a stranger says of its base', () => {
    const stolen = grown('stolen', 'b1', wren.id, null, other)
    assert.deepEqual(shown('b1', [grown('plain', 'b1', undefined, 'a1'), stolen, merged, wren]).at(0), [null, null])
    assert.deepEqual(
      shown('b1', [seedling, finch, merged, wren, stolen]).map(([name]) => name),
      ['seedling', 'finch', 'merged', 'wren', 'stolen']
    )
  })

  it('is a tree, whatever is registered', () => {
    const one = fc.record({ base: fc.nat(3), isBase: fc.boolean(), name: fc.nat(2), from: fc.option(fc.nat(20)) })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), made => {
        const list: (typeof seedling)[] = []
        for (const { base: of, isBase, name, from } of made) {
          // As on chain: only what was registered before can be named.
          const upstream = from === null ? undefined : list[from]?.id
          list.push({ ...grown(`m${name}`, `b${of}`, upstream, isBase ? null : 'a'), id: keccak(`${list.length}`) })
        }
        for (const base of ['b0', 'b1', 'b2', 'b3']) {
          const family = familyOf(base, list)
          family.forEach((_relative, place) => {
            const way = new Set<number>()
            for (let at: number | null = place; at !== null; at = family[at]?.parent ?? null) {
              assert.ok(!way.has(at), 'there is a way up to a root')
              way.add(at)
            }
          })
          const named = family.flatMap(({ model: of }) => (of === null ? [] : [of.id]))
          assert.equal(new Set(named).size, named.length)
          for (const { id } of list.filter(of => of.base === base)) assert.ok(named.includes(id))
        }
      })
    )
  })
})
