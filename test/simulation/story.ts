import type { ContributionView, VersionView } from '../../node/data/index.ts'
import { TilthError, describeError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { gather, keyOf } from './cast.ts'
import type { Cast } from './cast.ts'
import { checkBlames, checkLists, checkMoney, createWatch, isDecided, summaryOf } from './invariants.ts'
import { answerFalsely, lie } from './liar.ts'
import { scriptOf } from './script.ts'
import type { Script } from './script.ts'
import { calm, createStorm } from './storm.ts'
import { stepMs } from './time.ts'
import { tellIn } from './telling.ts'
import type { Stage, StoryTold } from './telling.ts'

// One seed's story: contributions go through commitments, reveals, checks, votes, certificates and notes while
// everything goes wrong that can. Then the troubles stop, and everything has to come to one end: what was acknowledged
// is decided alike everywhere, one more contribution is accepted by all, and the host anchors a version of it all that
// another node can check.

export interface Told extends StoryTold {
  /** Contributions that were acknowledged, and that were accepted. */
  readonly contributions: number
  readonly accepted: number
}
const mostContributions = 5
/** At most until all is decided after the troubles. */
const calmMs = 240_000
const lastMs = 90_000
/** What was just accepted may wait for the next version. */
const graceMs = 6_000
const watchMs = 2_000

const rowsOf = (n: number): string =>
  [0, 1, 2]
    .map(i => JSON.stringify({ prompt: `What is thing number ${n * 3 + i}?`, response: `thing ${n * 3 + i}` }))
    .join('\n')

export const tellStory = (seed: number, script: Script = scriptOf(seed)): Promise<Told> =>
  tellIn(seed, { contributions: 0, accepted: 0 }, stage => play(script, stage))

async function play(
  script: Script,
  { clock, chance, tell, fault }: Stage
): Promise<{ contributions: number; accepted: number }> {
  const weather = { loss: 0, latencyMs: 50 }
  const cast = await gather(clock, chance.of('network'), weather)
  const { honest, pass, asked, listOf, datanet } = cast
  /** What came back to whoever brought it: a contribution's number by its id. */
  const acknowledged = new Map<Hex, number>()
  const bringing = chance.of('contributions')
  if (script.troubles.includes('lies')) answerFalsely(cast, chance.of('answers'))
  const storm = createStorm(cast, chance, by => lie(cast, acknowledged, by), tell)
  const watch = createWatch(fault)
  let made = 0

  function contribute(): void {
    const n = made++
    const door = bringing.pick(honest)
    if (!door.isUp) return
    door.service.contribute({ datanet, file: rowsOf(n), contributorKey: keyOf(`person ${n % 3}`) }).then(
      ({ id }) => {
        acknowledged.set(id, n)
        tell(`contribution ${n}, brought to ${door.name}, is acknowledged: ${id.slice(0, 10)}`)
      },
      (error: unknown) => {
        if (!(error instanceof TilthError)) fault(`contributing failed without a code: ${describeError(error)}`)
      }
    )
  }
  function look(): void {
    for (const { name, isUp, service } of honest)
      if (isUp)
        service.contributions(datanet, { limit: 200 }).then(
          ({ items }) => {
            watch(name, items)
          },
          (error: unknown) => {
            if (!(error instanceof TilthError)) fault(`${name} fails without a code: ${describeError(error)}`)
          }
        )
  }

  let passed = 0
  await pass(script.stormMs, async () => {
    if (bringing.happens(0.03) && made < mostContributions) contribute()
    for (const name of script.troubles) await storm[name]()
    if ((passed += stepMs) % watchMs === 0) look()
  })
  await calm(cast)
  tell('the troubles stop')

  let lists: (readonly ContributionView[])[] = []
  async function untilDecided(ms: number): Promise<void> {
    for (let waited = 0; waited < ms; waited += watchMs) {
      await pass(watchMs)
      lists = []
      for (const node of honest) lists.push((await listOf(node)) ?? [])
      for (const [i, list] of lists.entries()) watch(honest[i]?.name ?? '', list)
      const isKnown = (list: readonly ContributionView[]): boolean =>
        [...acknowledged.keys()].every(id => list.some(one => one.id === id))
      // What has expired for one is accepted as soon as the others' certificate reaches it.
      const found = new Set(lists.map(list => summaryOf(list).join()))
      if (found.size === 1 && lists.every(list => isKnown(list) && list.every(isDecided))) return
    }
  }
  await untilDecided(calmMs)
  checkLists(cast, lists, acknowledged, fault)

  // What comes when all is well is accepted.
  const n = made++
  const last = await asked(
    bringing.pick(honest).service.contribute({ datanet, file: rowsOf(n), contributorKey: keyOf(`person ${n % 3}`) }),
    30_000
  )
  if (last === undefined) fault('nothing can be contributed any more')
  else acknowledged.set(last.id, n)
  await untilDecided(lastMs)
  checkLists(cast, lists, acknowledged, fault)
  const status = lists[0]?.find(({ id }) => id === last?.id)?.status
  if (status !== 'accepted') fault(`what was brought when all was well is ${status}`)
  await anchored(cast, lists[0] ?? [], fault)
  checkMoney(cast, fault)
  checkBlames(cast, fault)
  for (const node of honest) node.kill()
  return { contributions: acknowledged.size, accepted: lists[0]?.filter(one => one.status === 'accepted').length ?? 0 }
}

/** [invariant] The host anchors what everybody has accepted, sealed by the others, and who reads it finds it whole. */
async function anchored(
  { host, honest, datanet, pass, asked }: Cast,
  list: readonly ContributionView[],
  fault: (text: string) => void
): Promise<void> {
  await pass(graceMs)
  let version: VersionView | { version: number; root: Hex } | undefined
  try {
    version = await asked(host.service.anchorVersion(datanet), 60_000)
  } catch (error) {
    return fault(`the host cannot anchor: ${describeError(error)}`)
  }
  if (version === undefined) return fault('the host does not come to anchor a version')
  await pass(5_000)
  const accepted = list.filter(({ status }) => status === 'accepted').map(({ id }) => id)
  for (const { name, service } of honest) {
    const manifest = await asked(service.manifest(datanet, version.version), 30_000).catch((error: unknown) =>
      fault(`${name} does not read the version: ${describeError(error)}`)
    )
    if (manifest === undefined) return fault(`${name} does not come to read the version`)
    const there = manifest.entries.map(({ contribution }) => contribution)
    if (there.join() !== accepted.join()) fault(`the version holds ${there.length} of ${accepted.length} accepted`)
  }
}
