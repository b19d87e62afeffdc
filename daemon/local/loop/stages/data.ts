import { prepareSigned } from '../../../cli/commands/contribute.ts'
import { green, red, safe } from '../../../cli/output.ts'
import type { ContributionView, VersionView } from '../../../api/contract/index.ts'
import { InvalidError, TilthError } from '../../../../protocol/primitives/index.ts'
import type { DataDone, LoopContext } from '../context.ts'
import { issuesOf, loopRules } from '../input.ts'
import { unlessUnknown, until } from '../poll.ts'

const decided = (view: ContributionView): boolean =>
  view.status === 'accepted' || view.status === 'rejected' || view.status === 'expired'

/** One of the deployed adapter, one of any: each takes two workers longer than so small an adapter took to train. */
const auditedSegments = 2

/** contribution → checks → votes → acceptance → version */
export async function runData({ network, input, reporter, people }: LoopContext): Promise<DataDone> {
  const host = network.daemon('host').api
  const net = await reporter.stage('datanet', 'a Datanet with its rules', async say => {
    const validators = network.daemons
      .filter(({ name }) => name === 'host' || name.startsWith('validator'))
      .map(({ address }) => ({ address, weight: 1 }))
    const created = await host.call('createDatanet', {
      body: {
        rules: {
          name: input.name,
          description: `Made by tilth up from ${people.length} files`,
          licence: 'CC0-1.0',
          ...loopRules,
          uploadsPerContributor: 3,
          nearDuplicate: 500,
          auditedSegments,
          validators,
          revealSeconds: 60,
          voteSeconds: 60
        },
        heldOut: input.questionsText
      }
    })
    say(`"${safe(created.name)}", ${validators.length} validators, ${input.questions.length} held-out questions`)
    for (const daemon of network.daemons)
      await until(`${daemon.name} hearing of the Datanet`, 60, () =>
        unlessUnknown(daemon.api.call('datanet', { params: { id: created.id } }))
      )
    return created
  })

  const ids = new Map<string, (typeof people)[number]>()
  await reporter.stage('contribution', 'contributors commit and reveal their shards', async say => {
    const doors = ['client', 'worker-1', 'worker-2', 'validator-1', 'host'].map(name => network.daemon(name).api)
    // Shards are stored side by side, as many as there are doors; whoever commits first is the first author.
    for (let at = 0; at < people.length; at += doors.length) {
      const some = people.slice(at, at + doors.length)
      const prepared = await Promise.all(
        some.map(({ file, person: { address, privateKey } }, i) =>
          prepareSigned(doors[i] ?? host, net.id, file.text, address, privateKey)
        )
      )
      for (const [i, entry] of some.entries()) {
        const sent = await prepared[i]?.()
        if (sent !== undefined) ids.set(sent.id, entry)
        say(`${ids.size} of ${people.length}`)
      }
    }
  })

  const contributions = await reporter.stage(
    ['checks', 'votes', 'acceptance'],
    'validators check, vote and certify',
    say =>
      until('a certificate for every contribution', 150, async () => {
        const views: ContributionView[] = []
        for await (const view of host.all('contributions', { params: { id: net.id } }))
          if (ids.has(view.id)) views.push(view)
        say(`${views.filter(decided).length} of ${people.length} decided`)
        return views.length === people.length && views.every(decided) ? views : undefined
      })
  )
  const done = contributions.map(view => {
    const entry = ids.get(view.id)
    if (entry === undefined) throw new InvalidError('loop.contribution', `unknown contribution ${view.id}`)
    return { view, person: entry.person, file: entry.file }
  })
  for (const { view, file } of done) {
    const why = view.status === 'accepted' ? '' : `: ${view.reason ?? ''}`
    const verdict = view.status === 'accepted' ? green('accepted') : red(view.status)
    reporter.line(`        ${verdict} ${file.name}: ${view.own ?? '–'} of ${view.rows} rows${why}`)
    if (view.help !== undefined) reporter.line(`          ${view.help}`)
    for (const { line, code } of issuesOf(file, view.rowIssues).slice(0, 20))
      reporter.line(`          ${file.path}, line ${line}: ${code}`)
  }
  if (!done.some(({ view }) => view.status === 'accepted'))
    throw new InvalidError('loop.nothing-accepted', 'no contribution was accepted, so there is nothing to train on', {
      help: 'The reasons stand above; fix the files and start again.'
    })

  const version = await reporter.stage('version', 'the version is anchored on chain', async say => {
    const anchored = await host.call('anchorVersion', { params: { id: net.id } }).catch(async (error: unknown) => {
      // The host does so by itself where many contribute: then the last one is it.
      if (!(error instanceof TilthError && error.code === 'version.unchanged')) throw error
      let last: VersionView | undefined
      for await (const version of host.all('versions', { params: { id: net.id } })) last = version
      if (last === undefined) throw error
      return last
    })
    say(`version ${anchored.version}, ${anchored.count} contributions, root ${anchored.root.slice(0, 10)}…`)
    return anchored
  })
  return { datanet: net.id, contributions: done, version }
}
