import assert from 'node:assert/strict'
import { createDirectory } from '../../../node/data/book/directory.ts'
import { openTables } from '../../../node/data/book/records.ts'
import type { DatanetRecord } from '../../../node/data/book/records.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import { memoryStore } from './in-memory.ts'

const called = (name: string): DatanetRecord =>
  ({ document: { rules: { name } }, seenAt: 0 }) as unknown as DatanetRecord

describe('Datanets that are asked for by name or id', () => {
  it('are found by a name, and none by one that reads as the id of another', async () => {
    const store = memoryStore()
    const directory = createDirectory(store, openTables(store))
    const [birds, thief] = [keccak('birds'), keccak('thief')]
    await directory.putDatanet(birds, called('birds'), false)
    const shown = `${birds.slice(0, 8)}…${birds.slice(-4)}`
    for (const name of [birds.slice(0, 10), shown, birds]) await directory.putDatanet(thief, called(name), false)
    assert.deepEqual(await directory.find('birds', 2), [birds])
    for (const wanted of [birds.slice(0, 10), shown, birds]) assert.deepEqual(await directory.find(wanted, 2), [birds])
  })
  it('are found by a name that was typed in another spelling of the same letters', async () => {
    const store = memoryStore()
    const directory = createDirectory(store, openTables(store))
    const [whole, apart] = ['Fåglar', 'Vögel'].map(keccak) as [`0x${string}`, `0x${string}`]
    await directory.putDatanet(whole, called('Fåglar'.normalize('NFC')), false)
    await directory.putDatanet(apart, called('Vögel'.normalize('NFD')), false)
    for (const form of ['NFC', 'NFD']) {
      assert.deepEqual(await directory.find('Fåglar'.normalize(form), 2), [whole])
      assert.deepEqual(await directory.find('Vögel'.normalize(form), 2), [apart])
    }
  })
})
