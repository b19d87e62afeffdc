import { NotFoundError, TilthError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { VersionRecord } from '../chain/types.ts'
import type { JobsDeps, VersionName } from './deps.ts'

/** What of the chain a draw is read from. */
export type DrawingChain = Pick<JobsDeps['chain'], 'ledger'>

/**
 * What draws the coalitions of a version's jobs: the hash of the block in which the chain first took its root. Nobody
 * who writes a job, or many of them, chooses it, and every node reads the same.
 * @throws NotFoundError `job.version`, TilthError `job.draw` while the block may still leave the chain
 */
export async function drawOf(
  { ledger }: DrawingChain,
  { datanet, version }: Pick<VersionName, 'datanet' | 'version'>
): Promise<Hex> {
  const known = (await ledger.version(datanet, version)) ?? (await behind(ledger, datanet, version))
  if (known === undefined)
    throw new NotFoundError('job.version', `version ${version} of the Datanet is not anchored`, {
      help: 'Anchor it first, or name another version.'
    })
  if (!ledger.confirmed(known.block))
    throw new TilthError('job.draw', `the block that anchored version ${version} may still leave the chain`, {
      help: `It is relied on once ${ledger.confirmations} blocks stand on it.`
    })
  return known.draw
}

/** The ledger may be a block behind whoever told of the version. */
async function behind(
  ledger: DrawingChain['ledger'],
  datanet: Hex,
  version: number
): Promise<VersionRecord | undefined> {
  await ledger.caughtUp()
  return ledger.version(datanet, version)
}
