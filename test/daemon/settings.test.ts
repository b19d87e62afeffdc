import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { settingHandlers } from '../../daemon/api/handlers/settings.ts'
import { createSettings, loadSettings, settings } from '../../daemon/config/index.ts'
import type { DaemonConfig } from '../../daemon/config/index.ts'
import { scratch } from '../harness/index.ts'
import { someContracts as contracts } from '../harness/contracts.ts'

describe('settings, changed while the daemon runs', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await scratch('settings')
    await writeFile(join(folder, 'contracts.json'), JSON.stringify(contracts))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const flags = () => ({ data: folder, rpc: 'http://127.0.0.1:8545', contracts: join(folder, 'contracts.json') })
  const file = async (): Promise<Record<string, unknown>> =>
    JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>
  async function open(more: Record<string, unknown> = {}) {
    const applied: DaemonConfig[] = []
    const { origin, config } = await loadSettings({ ...flags(), ...more })
    const opened = createSettings(origin, async changed => void applied.push(changed))
    const of = async (path: string) => (await opened.view()).find(one => one.path === path)
    return { opened, of, applied, config }
  }

  it('are all in the schema, each with a sentence, in the form that the contract has', async () => {
    const { opened } = await open()
    const { settings: list } = await settingHandlers(opened, undefined).settings({
      params: {},
      body: undefined,
      signal: new AbortController().signal
    })
    assert.equal(list.length, settings.length)
    for (const { says, label } of list) assert.match(`${label}: ${says}`, /^[A-Z].*[.]$/)
    assert.equal(new Set(settings.map(({ path }) => path)).size, settings.length)
  })

  it('go into the file and hold from the next start, with what a person types checked by the schema', async () => {
    const { opened, of } = await open()
    assert.equal((await of('worker.pricePerSecond'))?.value, '0.01')
    const changed = await opened.change('worker.pricePerSecond', '0.025')
    assert.deepEqual([changed.value, changed.coming, changed.pending], ['0.01', '0.025', true])
    assert.deepEqual(await file(), { worker: { pricePerSecond: '25000000000000000' } })
    await opened.change('automation.anchor.contributions', 4)
    await opened.change('roles', ['worker', 'scorer'])
    const again = await open()
    assert.equal(again.config.worker.pricePerSecond, 25n * 10n ** 15n)
    assert.equal(again.config.automation.anchor.contributions, 4)
    assert.deepEqual(again.config.roles, ['worker', 'scorer'])
    assert.equal((await again.of('worker.pricePerSecond'))?.pending, false)
    await again.opened.change('scorer.judgeAnswers', !again.config.scorer.judgeAnswers)
    assert.equal((await open()).config.scorer.judgeAnswers, !again.config.scorer.judgeAnswers)
    // Taken out, what is usual holds again.
    await again.opened.change('worker.pricePerSecond', null)
    assert.equal((await again.of('worker.pricePerSecond'))?.coming, '0.01')
    assert.deepEqual((await file())['worker'], {})
  })

  it('are refused in words, and then nothing is written', async () => {
    const { opened } = await open()
    const refused = (path: string, value: unknown, words: RegExp) =>
      assert.rejects(opened.change(path, value), (error: Error) => words.test(error.message))
    await refused('worker.capacity', 0, /Answers at once must be .*1/)
    await refused('worker.capacity', 'many', /Answers at once/)
    await refused('worker.pricePerSecond', 'dear', /an amount of tokens such as 0.01/)
    await refused('worker.hours', ['25:00-26:00'], /22:00-07:30/)
    await refused('roles', ['king'], /Roles/)
    await refused('storage', '10 GB', /10GiB/)
    await refused('key', '/etc/passwd', /there is no setting key/)
    await refused('__proto__.polluted', 'yes', /there is no setting/)
    await assert.rejects(readFile(join(folder, 'config.json')), { code: 'ENOENT' })
  })

  it('that a flag says cannot be changed, and a file that somebody broke is left as it is', async () => {
    const { opened, of } = await open({ pricePerSecond: '0.5', storage: '2GiB' })
    assert.equal((await of('worker.pricePerSecond'))?.locked, true)
    await assert.rejects(opened.change('worker.pricePerSecond', '1'), { code: 'settings.locked' })
    await writeFile(join(folder, 'config.json'), '{ "log": ')
    await assert.rejects(opened.change('log', 'info'), { code: 'config.json' })
    assert.equal(await readFile(join(folder, 'config.json'), 'utf8'), '{ "log": ')
  })

  it('of when work is taken on hold at once, and what somebody wrote by hand meanwhile stays', async () => {
    const { opened, applied } = await open()
    await writeFile(join(folder, 'config.json'), JSON.stringify({ log: 'info', upnp: true }))
    const changed = await opened.change('worker.hours', ['22:00-07:30'])
    assert.equal(changed.pending, false)
    assert.deepEqual(applied[0]?.worker.hours, [{ from: 22 * 60, to: 7 * 60 + 30 }])
    assert.deepEqual(await file(), { log: 'info', upnp: true, worker: { hours: ['22:00-07:30'] } })
  })

  it('changed at once by several are written one after another', async () => {
    const { opened } = await open()
    await Promise.all([
      opened.change('log', 'debug'),
      opened.change('storage', '2GiB'),
      opened.change('worker.threads', 3),
      opened.change('upnp', true)
    ])
    assert.deepEqual(await file(), { log: 'debug', storage: '2GiB', worker: { threads: 3 }, upnp: true })
  })
})
