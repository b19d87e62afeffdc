import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { modelHandlers } from '../../daemon/api/handlers/models.ts'
import { nameHandlers } from '../../daemon/api/handlers/names.ts'
import { createWhich } from '../../daemon/api/handlers/which.ts'
import { openPins } from '../../daemon/names/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import { scratch } from '../harness/index.ts'

const account = (digit: string): Address => `0x${digit.repeat(40)}`
const id = (digits: string): Hex => `0x${digits.padEnd(64, '7')}`
const [self, host, stranger, other] = ['1', '2', '3', '4'].map(account) as [Address, Address, Address, Address]

interface Known {
  readonly id: Hex
  readonly name: string
  readonly builder: Address
  readonly retired?: boolean
  readonly served?: boolean
}

describe('a name of a model', () => {
  let folder = ''
  before(async () => {
    folder = await scratch('names')
  })

  async function naming(known: readonly Known[], trusted: readonly Address[] = [], pinned: Record<string, Hex> = {}) {
    const pins = await openPins(join(folder, `${Math.random()}.json`))
    for (const [name, model] of Object.entries(pinned)) await pins.set({ name, model })
    const models = known.map(({ retired = false, served = true, ...rest }) => ({
      ...rest,
      retired,
      offers: served ? [{ outputPrice: 4n * 10n ** 14n }] : []
    }))
    return createWhich(
      {
        self,
        models: {
          models: () => models,
          model: (wanted: string) =>
            models.find(one => one.id === wanted) ?? models.findLast(one => one.name === wanted)
        },
        chain: { ledger: { caughtUp: async () => undefined } }
      } as unknown as Parameters<typeof createWhich>[0],
      { pins, trusted: () => trusted }
    )
  }
  const elements = (digits: string, builder: Address, more: Partial<Known> = {}): Known => ({
    id: id(digits),
    name: 'elements',
    builder,
    ...more
  })

  it('asks the one that only one builder uses, and of its versions the newest that is served', async () => {
    const which = await naming([
      elements('aa', host),
      elements('bb', host),
      elements('cc', host, { served: false }),
      elements('dd', stranger, { retired: true })
    ])
    assert.equal((await which.asked('elements')).id, id('bb'))
    assert.equal((await which.asked(id('aa'))).id, id('aa'))
    assert.equal((await which.asked('0xaa')).id, id('aa'))
    await assert.rejects(which.asked('fish'), { code: 'model.unknown' })
  })

  it('that several builders use asks nobody: the candidates are told, and how to settle it', async () => {
    const known = [elements('aa', host), elements('bb', stranger), elements('cc', other, { served: false })]
    const which = await naming(known)
    await assert.rejects(which.asked('elements'), {
      code: 'name.ambiguous',
      message: /3 builders call a model elements/,
      help: new RegExp(`tilth models pin elements ID.*${id('aa')} by ${host} \\(0\\.0004 a token\\).*not served now`)
    })
    assert.equal((await which.asked(id('bb'))).id, id('bb'))
    assert.deepEqual([...which.askedNames()], [])
  })

  it('that looks like another builder’s asks nobody, unless it is trusted or pinned', async () => {
    const twins = ['еlements', 'Elements', 'elernents', 'elements\u200b', 'elements ', 'élements', 'e1ements']
    for (const name of twins) {
      const known = [elements('aa', host), elements('bb', stranger, { name })]
      const which = await naming(known)
      for (const [wanted, twin] of [
        [name, 'elements'],
        ['elements', name]
      ] as const)
        await assert.rejects(which.asked(wanted), {
          code: 'name.ambiguous',
          message: `${wanted} would be taken for ${twin} of another builder: say which`,
          help: /0xaa.*0xbb|0xbb.*0xaa/
        })
      assert.deepEqual([...which.askedNames()], [])
      assert.equal((await which.asked(id('bb'))).id, id('bb'))
      const trusting = await naming(known, [host])
      assert.equal((await trusting.asked('elements')).id, id('aa'))
      await assert.rejects(trusting.asked(name), { code: 'name.untrusted' })
      const pinned = await naming(known, [], { elements: id('aa') })
      assert.equal((await pinned.asked('elements')).id, id('aa'))
      const own = await naming([elements('aa', self), elements('bb', stranger, { name })])
      assert.equal((await own.asked('elements')).id, id('aa'))
    }
    const which = await naming([
      elements('aa', host),
      elements('bb', host, { name: 'Elements' }),
      elements('cc', stranger, { name: 'birds' }),
      elements('dd', stranger, { name: 'elernents', retired: true })
    ])
    for (const name of ['elements', 'Elements', 'birds']) assert.equal((await which.asked(name)).name, name)
  })

  it('asks trusted builders before all others, and one’s own always', async () => {
    const known = [elements('aa', host), elements('bb', stranger)]
    assert.equal((await (await naming(known, [host])).asked('elements')).id, id('aa'))
    assert.equal((await (await naming([...known, elements('cc', self)])).asked('elements')).id, id('cc'))
    await assert.rejects((await naming([...known, elements('cc', self)], [host])).asked('elements'), {
      code: 'name.ambiguous'
    })
    await assert.rejects((await naming(known, [other])).asked('elements'), {
      code: 'name.untrusted',
      help: /tilth models trust/
    })
    assert.deepEqual([...(await naming(known, [host])).askedNames()], [['elements', id('aa')]])
  })

  it('that is pinned asks what it was pinned to, whoever comes after, and nothing else', async () => {
    const known = [elements('aa', host), elements('bb', stranger), elements('cc', host)]
    const which = await naming(known, [host], { elements: id('bb'), gone: id('ff'), other: id('aa') })
    assert.equal((await which.asked('elements')).id, id('bb'))
    assert.equal((await which.asked('other')).id, id('aa'))
    await assert.rejects(which.asked('gone'), { code: 'model.unknown' })
  })

  it('shows the model that it asks, and where nothing settles which the newest that somebody serves', async () => {
    const known = [elements('aa', host), elements('bb', stranger)]
    assert.equal((await (await naming(known)).model('elements')).id, id('bb'))
    assert.equal((await (await naming(known, [host])).model('elements')).id, id('aa'))
    assert.equal((await (await naming([elements('cc', self), ...known])).model('elements')).id, id('cc'))
    assert.equal((await (await naming(known, [], { elements: id('aa') })).model('elements')).id, id('aa'))
  })

  it('serves what it asks, and nothing where several builders use it; what is served ends by it', async () => {
    const known = [elements('aa', host), elements('bb', stranger)]
    const done: string[] = []
    const offering = (which: Awaited<ReturnType<typeof naming>>, own: Hex) =>
      modelHandlers(
        {
          self,
          models: {
            models: () => known,
            offers: (model: Hex) => (model === own ? [{ worker: self }] : []),
            offer: async ({ model }: { model: Hex }) => ({ model }),
            withdraw: async (model: Hex) => void done.push(model)
          }
        } as unknown as Parameters<typeof modelHandlers>[0],
        which,
        {} as never
      )
    const call = { params: { id: 'elements' }, body: {} } as never
    const several = offering(await naming(known), id('aa'))
    await assert.rejects(async () => several.serve(call), { code: 'name.ambiguous' })
    await several.unserve(call)
    assert.deepEqual(done, [id('aa')])
    const trusting = offering(await naming(known, [host]), id('bb'))
    assert.deepEqual(await trusting.serve(call), { id: id('aa') })
    await assert.rejects(async () => offering(await naming(known), id('cc')).unserve(call), { code: 'name.ambiguous' })
  })

  it('that begins another model’s id asks neither, unless its builder is trusted', async () => {
    const known = [elements('c0ffee', host), elements('dd', stranger, { name: 'c0ffee' })]
    await assert.rejects((await naming(known)).asked('c0ffee'), {
      code: 'name.ambiguous',
      help: new RegExp(`${id('dd')}, ${id('c0ffee')}`)
    })
    assert.deepEqual([...(await naming(known)).askedNames()], [['elements', id('c0ffee')]])
    assert.equal((await (await naming(known, [stranger])).asked('c0ffee')).id, id('dd'))
    assert.equal((await (await naming(known, [], { c0ffee: id('c0ffee') })).asked('c0ffee')).id, id('c0ffee'))
    assert.equal((await (await naming(known)).asked('0xc0ffee')).id, id('c0ffee'))
  })

  it('is pinned to what is meant alone, and no id is a name', async () => {
    const known = [elements('aa', host), elements('bb', stranger), elements('dd', host, { name: 'birds' })]
    const pins = await openPins(join(folder, 'by-hand.json'))
    const { pin } = nameHandlers(pins, await naming(known))
    const set = (name: string, model: string) => pin({ params: {}, body: { name, model } } as Parameters<typeof pin>[0])
    await assert.rejects(set('elements', 'elements'), { code: 'name.ambiguous' })
    await assert.rejects(set('0xaa', 'birds'), { code: 'pin.name', help: /tilth models pin NAME ID/ })
    assert.deepEqual(pins.list(), [])
    assert.deepEqual(await set('mine', 'birds'), { name: 'mine', model: id('dd') })
  })

  it('stays pinned over a restart, until it is let go; a file that cannot be read pins nothing else', async () => {
    const path = join(folder, 'pins.json')
    const pins = await openPins(path)
    await Promise.all([
      pins.set({ name: 'elements', model: id('aa') }),
      pins.set({ name: 'birds', model: id('bb') }),
      pins.set({ name: 'elements', model: id('cc') })
    ])
    const again = await openPins(path)
    assert.equal(again.get('elements'), id('cc'))
    await again.remove('elements')
    await assert.rejects(again.remove('elements'), { code: 'pin.unknown' })
    assert.deepEqual((await openPins(path)).list(), [{ name: 'birds', model: id('bb') }])
    await writeFile(path, '{"version":1,"pins":[{"name":"birds"}]}')
    await assert.rejects(openPins(path), { code: 'pin.file' })
  })
})
