import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalNetwork } from '../../daemon/local/network/network.ts'
import { until } from '../../daemon/local/loop/poll.ts'
import type { JobView, PlanView, ReviewView } from '../../daemon/api/contract/index.ts'
import { runCommand } from '../daemon/command-line.ts'
import type { Ended } from '../daemon/command-line.ts'
import { startFresh } from './start.ts'

const seedling = join(import.meta.dirname, '../../daemon/assets/seedling')
const rows = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) =>
    JSON.stringify({ prompt: `Which bird has number ${from + i} in the garden list?`, response: `bird ${from + i}` })
  ).join('\n')

/** Contributor, validator and builder at real daemons, by the commands that they would type. */
describe('people who do their part by hand', function () {
  this.timeout(600_000)
  let folder = ''
  let network: LocalNetwork
  let stop = async (): Promise<void> => undefined
  before(async () => {
    ;({ folder, network, stop } = await startFresh('people'))
    await writeFile(
      join(folder, 'held-out.jsonl'),
      '{"prompt":"Say the colour that the wren has.","response":"brown"}\n'
    )
    await writeFile(join(folder, 'facts.jsonl'), rows(0, 12))
    await writeFile(join(folder, 'mixed.jsonl'), `${rows(0, 2)}\nhello\n${rows(100, 6)}`)
    await writeFile(join(folder, 'more.jsonl'), rows(200, 3))
  })
  after(async () => {
    await stop()
  })
  const as = (name: string, ...words: string[]): Promise<Ended> =>
    runCommand([...words, '--data', join(folder, 'net'), '--as', name])
  const done = async (name: string, ...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await as(name, ...words)
    assert.equal(code, 0, `tilth ${words.join(' ')}: ${stderr}`)
    return stdout
  }
  const refused = async (says: RegExp, name: string, ...words: string[]): Promise<void> => {
    const { code, stderr } = await as(name, ...words)
    assert.equal(code, 1, words.join(' '))
    assert.match(stderr, says)
  }

  it('contribute what was checked before, follow it, and vote by hand', async () => {
    const create = ['datanet', 'create', '--licence', 'CC0-1.0', '--questions', join(folder, 'held-out.jsonl')]
    const roster = ['host', 'validator-1', 'validator-2'].map(name => `${network.daemon(name).address}=1`)
    await done('host', ...create, '--name', 'garden-birds', '--uploads', '3', '--validator', ...roster)
    await refused(
      /would be taken for the Datanet garden-birds/,
      'host',
      ...create,
      '--name',
      'Garden Birds',
      '--validator',
      ...roster
    )
    await until('the client hearing of it', 60, async () =>
      (await as('client', 'datanet', 'follow', 'garden-birds')).code === 0 ? true : undefined
    )
    assert.match(await done('client', 'datanet', 'roster', 'garden-birds'), new RegExp(network.daemon('host').address))

    assert.match(
      await done('client', 'contribute', join(folder, 'facts.jsonl'), '--datanet', 'garden-birds', '--dry-run'),
      /12 of 12 rows would be kept: lines 1–12[\s\S]*3 of 3 contributions are left/
    )
    const accepted = await as(
      'client',
      'contribute',
      join(folder, 'facts.jsonl'),
      '--datanet',
      'garden-birds',
      '--wait'
    )
    assert.equal(accepted.code, 0, accepted.stderr)
    assert.match(accepted.stderr, /accepted: 12 of 12 rows are its own/)
    await refused(
      /would refuse it: too few rows are new/,
      'client',
      'contribute',
      join(folder, 'facts.jsonl'),
      '--datanet',
      'garden-birds'
    )

    for (const name of ['host', 'validator-1']) await done(name, 'review', 'policy', 'manual')
    const sent = await done('client', 'contribute', join(folder, 'mixed.jsonl'), '--datanet', 'garden-birds', '--json')
    const { id } = JSON.parse(sent) as { id: string }
    const waiting = await until('something to vote on', 60, async () => {
      const items = JSON.parse(await done('host', 'review', 'list', '--json')) as ReviewView[]
      return items.find(item => item.id === id && item.advice !== null)
    })
    assert.deepEqual([waiting.own, waiting.rows, waiting.vote], [6, 9, null])
    assert.match(
      await done('host', 'review', 'show', id.slice(0, 12)),
      /it repeats an earlier row exactly[\s\S]*nearest, 100% of words/
    )
    for (const name of ['host', 'validator-1'])
      await done(name, 'review', 'vote', id, '--reject', '--reason', 'two rows are not theirs')
    await until('its end', 60, async () =>
      (await done('client', 'contributions', '--datanet', 'garden-birds')).includes('rejected') ? true : undefined
    )
    await done('host', 'datanet', 'anchor', 'garden-birds')
    assert.match(await done('client', 'contributions', '--worth', '--datanet', 'garden-birds'), /12 rows of 1 accepted/)
  })

  it('plan a job, are told what is wrong with one, and call it off', async () => {
    await refused(
      /no CID, and no model of that name/,
      'host',
      'tune',
      '--datanet',
      'garden-birds',
      '--base',
      'bafytypo'
    )
    await refused(
      /is no model folder: it lacks config.json/,
      'host',
      'tune',
      '--datanet',
      'garden-birds',
      '--base',
      folder
    )
    const planned = await done('host', 'tune', '--datanet', 'garden-birds', '--base', seedling, '--recommend', '--json')
    const plan = JSON.parse(planned) as PlanView
    assert.deepEqual([plan.rows, plan.players, plan.version], [12, 1, 1])
    assert.equal((JSON.parse(await done('host', 'jobs', '--json')) as JobView[]).length, 0)
    const posted = await done(
      'host',
      'tune',
      '--datanet',
      'garden-birds',
      '--base',
      plan.base,
      '--epochs',
      '900',
      '--budget',
      '90',
      '--json'
    )
    const { id } = JSON.parse(posted) as JobView
    await until('a bid, or why there is none', 120, async () => {
      const { bids, refusals } = JSON.parse(await done('host', 'jobs', id, '--json'))[0] as JobView
      return bids.length + refusals.length > 0 ? true : undefined
    })
    assert.match(await done('host', 'jobs', 'cancel', id), /is cancelled/)
    const [job] = JSON.parse(await done('host', 'jobs', id, '--json')) as JobView[]
    assert.equal(job?.reason, 'cancelled by its builder')
  })
})
