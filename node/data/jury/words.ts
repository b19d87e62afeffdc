import type { Juries, JuryWord, VersionManifest } from '../../../protocol/data/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { TrialRecord } from '../../chain/types.ts'
import type { DataDeps } from '../deps.ts'

type Ledger = DataDeps['chain']['ledger']

/** Open challenges looked at in one go: each holds a deposit, and all of them are looked at. */
const openAtOnce = 100

/** Whatever is challenged and not decided yet, of all Datanets. */
export async function* openTrials(ledger: Pick<Ledger, 'openTrials'>): AsyncGenerator<TrialRecord> {
  let after: string | undefined
  do {
    const page = await ledger.openTrials({ limit: openAtOnce, ...(after === undefined ? {} : { after }) })
    yield* page.items
    after = page.next
  } while (after !== undefined)
}

/** What a jury has decided; undefined where none has, or it came to nothing and the first decision stands. */
export function wordIn({ contribution, jury, votes, closed }: TrialRecord): JuryWord | undefined {
  if (closed === null || closed.decided === 'nothing') return undefined
  const { outcome, block } = closed
  return { contribution, jury, votes, accept: closed.decided === 'accepted', outcome, block }
}

export async function wordOf(ledger: Pick<Ledger, 'trial'>, contribution: Hex): Promise<JuryWord | undefined> {
  const trial = await ledger.trial(contribution)
  return trial === undefined ? undefined : wordIn(trial)
}

/** Contributions that wait for a jury: they are in no version until it has decided. */
export async function heldBack(ledger: Pick<Ledger, 'openTrials'>): Promise<ReadonlySet<Hex>> {
  const held = new Set<Hex>() // of those that are open
  for await (const { contribution } of openTrials(ledger)) held.add(contribution)
  return held
}

/**
 * What juries have decided of a version's contributions, and in which block the version stands.
 * @throws TilthError `version.early` before the chain has told of it here
 */
export async function juriesIn(
  ledger: Pick<Ledger, 'caughtUp' | 'trial' | 'version'>,
  { datanet, version, entries }: VersionManifest
): Promise<Juries> {
  const words = new Map<Hex, JuryWord>()
  for (const { contribution } of entries) {
    const word = await wordOf(ledger, contribution)
    if (word !== undefined) words.set(contribution, word)
  }
  // Most versions hold nothing that anybody challenged.
  if (words.size === 0) return { block: 0n, of: () => undefined }
  const anchored =
    (await ledger.version(datanet, version)) ?? (await ledger.caughtUp().then(() => ledger.version(datanet, version)))
  if (anchored === undefined)
    throw new TilthError('version.early', `the chain has not told here yet of version ${version} of ${datanet}`, {
      help: 'Try again in a moment.'
    })
  return { block: anchored.block, of: id => words.get(id) }
}
