import assert from 'node:assert/strict'
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
    const family = familyOf(list)
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
      familyOf([model('finch', host, birds, 1)]).map(({ model: one, parent }) => [one?.name ?? null, parent]),
      [
        [null, null],
        ['finch', 0]
      ]
    )
  })
})
