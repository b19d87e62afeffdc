import { mkdir, rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startLocalNetwork } from '../../daemon/local/network/network.ts'
import type { LocalNetwork, LocalNetworkOptions } from '../../daemon/local/network/network.ts'
import { contributeSigned } from '../../daemon/cli/commands/contribute.ts'
import { makePerson } from '../../daemon/local/network/founding.ts'
import { patientClient } from '../../daemon/local/network/patient.ts'
import { until } from '../../daemon/local/loop/poll.ts'
import { TilthError, describeError } from '../../protocol/primitives/index.ts'
import { scratch } from '../../test/harness/index.ts'
import { postJob } from '../../test/network/chaos.ts'
import { goesOn } from '../../test/network/ends.ts'
import { everythingIsThere, setStage, startLoad } from '../../test/network/load.ts'
import type { Stage } from '../../test/network/load.ts'
import type { Outcome } from './network.ts'
import { lastOf, run } from './programs.ts'

// Two versions of this program: a folder that another one made is taken up, and daemons of both go round the loop in
// one network. The other is a revision of the repository, with the packages of this one.

/** What daemons are of the other version, by what is tried; each role is of both, and the host of either. */
const mixes = [
  { what: 'the host of this one', other: ['validator-1', 'worker-1', 'client'] },
  { what: 'the host of the other', other: ['host', 'validator-2', 'worker-2'] }
] as const

const root = resolve(import.meta.dirname, '..', '..')

/** The sources of a revision, in a folder of their own. */
async function checkout(revision: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const archive = `${folder}.tar`
  for (const [command, ...args] of [
    ['git', 'archive', '--output', archive, revision],
    ['tar', '--extract', '--file', archive, '--directory', folder]
  ] as const) {
    const { code, output } = await run(command, args, { cwd: root })
    if (code !== 0) throw new Error(lastOf(output))
  }
  await rm(archive)
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** Contributions, votes, a version, a job of two workers, answers, receipts and an epoch. */
async function goRound(network: LocalNetwork, folder: string, round = 1): Promise<string> {
  const acknowledged = { receipts: new Set<string>(), contributions: new Set<string>() }
  const stage = await setStage(network, round)
  await contributeFirst(network, stage, folder)
  const load = await startLoad(network, stage, acknowledged, folder, { askMs: 1_000, contributeMs: 2_000 })
  try {
    const job = await postJob(network, stage, 3)
    const done = await until('the end of the job', 600, async () => {
      const found = await network.daemon('host').api.call('job', { params: { id: job } })
      return found.state === 'completed' || found.state === 'failed' ? found : undefined
    })
    if (done.state === 'failed') throw new Error('the job failed')
    await load.stop()
    if (load.lost.length > 0) throw new Error(`${load.lost.length} calls were lost: ${load.lost[0]}`)
    const epoch = await goesOn(network, stage, job, acknowledged)
    await everythingIsThere(network, stage, acknowledged)
    const voters = await votersOf(network, stage.datanet)
    const workers = new Set(
      done.awards.filter(({ state }) => state === 'accepted' || state === 'released').map(({ worker }) => worker)
    )
    const { contributions, receipts } = acknowledged
    return (
      `${contributions.size} contributions, votes of ${voters} validators that found the same; ` +
      `${workers.size} workers paid for a job; ${receipts.size} receipts; epoch ${epoch} final`
    )
  } finally {
    await load.stop()
  }
}

/** Of several people, by daemons of both versions: a job on their rows has work for both workers. */
async function contributeFirst(network: LocalNetwork, { datanet }: Stage, folder: string): Promise<void> {
  for (const [i, name] of ['bo', 'cy', 'dee'].entries()) {
    const { address, privateKey } = await makePerson(folder, name)
    const { api } = network.daemon(i === 0 ? 'host' : `validator-${i}`)
    const rows = Array.from({ length: 3 }, (_, n) =>
      JSON.stringify({ prompt: `What is alloy number ${i * 3 + n}?`, response: `alloy ${i * 3 + n}` })
    )
    await contributeSigned(api, datanet, rows.join('\n'), address, privateKey)
  }
  await until('all of them accepted', 120, async () => {
    const { accepted } = await network.daemon('host').api.call('datanet', { params: { id: datanet } })
    return accepted >= 3 ? true : undefined
  })
}

/** How many of the validators have voted. @throws Error where one found other rows than the host */
async function votersOf(network: LocalNetwork, datanet: string): Promise<number> {
  const voted = new Set<string>()
  const { api } = network.daemon('host')
  for await (const { id } of api.all('contributions', { params: { id: datanet } })) {
    const { validators } = await api.call('votes', { params: { id } })
    for (const { validator, step, agrees } of validators) {
      if (step !== 'revealed') continue
      voted.add(validator)
      if (agrees === false) throw new Error(`${validator} found other rows than the host in ${id}`)
    }
  }
  return voted.size
}

/** Another version's network, with this one's client for its daemons: what they refuse is an error of this one. */
function asOurs(network: LocalNetwork): LocalNetwork {
  const daemons = network.daemons.map(({ name, address, url, token, process }) => ({
    name,
    address,
    url,
    token,
    process,
    api: patientClient(url, token)
  }))
  return {
    ...network,
    daemons,
    daemon(name) {
      const found = daemons.find(one => one.name === name)
      if (found === undefined) throw new Error(`there is no daemon ${name}`)
      return found
    }
  }
}

const options = (folder: string): LocalNetworkOptions => ({
  folder,
  portBase: 0,
  chainPort: 0,
  challengeSeconds: 2,
  fresh: false,
  keepUp: false,
  onStep: () => undefined
})

/** What came of something: a refusal by the name of a version is what is wanted where two do not fit. */
async function outcomeOf(name: string, tried: () => Promise<string>): Promise<Outcome> {
  try {
    return { name, state: 'passed', why: await tried() }
  } catch (error) {
    const why = describeError(error)
    // By whoever was asked to start, or by a daemon in the last words of its log.
    const refused = error instanceof TilthError && (error.code.endsWith('.version') || why.includes('.version]'))
    return refused ? { name, state: 'passed', why: `refused by name: ${why}` } : { name, state: 'failed', why }
  }
}

/** @param revision of the repository, whose daemons are tried with those of this working tree */
export async function versions(say: (text: string) => void, revision: string): Promise<Outcome[]> {
  const folder = await scratch('versions')
  say(`taking ${revision} out of the repository`)
  const other = await checkout(revision, join(folder, 'other'))
  const program = join(other, 'daemon', 'cli', 'main.ts')
  const module = pathToFileURL(join(other, 'daemon', 'local', 'network', 'network.ts')).href
  const ofOther = (await import(module)) as { startLocalNetwork: typeof startLocalNetwork }

  const net = join(folder, 'net')
  say('a network of its own: founded, contributed to, and stopped')
  const founded = await outcomeOf(`${revision}: goes round the loop alone`, async () => {
    const network = await ofOther.startLocalNetwork(options(net))
    try {
      return await goRound(asOurs(network), net)
    } finally {
      await network.stop()
    }
  })
  say(`${founded.state}: ${founded.why ?? ''}`)
  const outcomes = [founded]
  for (const [where, at, before] of [
    ['its folder, taken up', net, 1],
    ['a new network', join(folder, 'new'), 0]
  ] as const)
    for (const [i, { what, other: names }] of mixes.entries()) {
      const name = `${where}, ${what}`
      say(name)
      const tried = await outcomeOf(name, async () => {
        const programOf = (one: string) => ((names as readonly string[]).includes(one) ? program : undefined)
        const network = await startLocalNetwork({ ...options(at), programOf })
        try {
          return await goRound(network, at, before + i + 1)
        } finally {
          await network.stop()
        }
      })
      say(`${tried.state}: ${tried.why ?? ''}`)
      outcomes.push(tried)
    }
  return outcomes
}
