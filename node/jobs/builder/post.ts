import { checkFullSize, checkTuneJob, newJob, tuneSpec } from '../../../protocol/jobs/index.ts'
import type { JobRecord, TuneSpec } from '../../../protocol/jobs/index.ts'
import { digest, signStatement } from '../../../protocol/crypto/index.ts'
import { InvalidError, contentHash, readAs, tokenText } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { JobsDeps, JobsTiming } from '../deps.ts'
import type { PostRequest } from '../types.ts'
import { checkDataShare } from '../versions.ts'
import { checkBase, modelOf, mustBeCid } from './base.ts'

/**
 * Signs what a builder asks for.
 * @throws InvalidError `job.version` unless the version is anchored · `job.funds` · `job.spec` · `split.data` ·
 * `job.base` for a base that no shelf takes · `job.full-size` · as shelf.sizes where it cannot be had
 */
export async function draftJob(
  deps: JobsDeps,
  timing: JobsTiming,
  request: PostRequest
): Promise<{ id: Hex; record: JobRecord }> {
  const { base, datanet, version, settings, coalitions, budget, deadlineSeconds } = request
  const anchored = await anchoredVersion(deps, datanet, version)
  if (request.product?.split !== undefined) await checkDataShare(deps.versions, datanet, request.product.split)
  const balance = await deps.chain.tokens.balanceOf(deps.self)
  if (balance < budget)
    throw new InvalidError(
      'job.funds',
      `the budget of ${tokenText(budget)} tokens is more than the ${tokenText(balance)} that this account holds`,
      { help: `Lower the budget, or send tokens to ${deps.self}: see \`tilth wallet balance\`.` }
    )
  mustBeCid(base)
  // [reject] Others take only what the schema allows, and hold it against whoever says anything else: a typo stays
  // here.
  const wanted = { base, datanet, version, manifest: anchored.cid, settings, coalitions }
  const spec: TuneSpec = readAs(tuneSpec, wanted, 'job.spec', { help: 'See `tilth tune --help`.' })
  const sizes = await checkBase(deps, base)
  if (settings.method === 'full') checkFullSize((await modelOf(deps, base, sizes)).fewest)
  const createdAt = BigInt(Math.floor(deps.clock.now() / 1000))
  const message = {
    builder: deps.self,
    spec: contentHash(spec),
    budget,
    createdAt,
    deadline: createdAt + BigInt(deadlineSeconds)
  }
  const statement = signStatement(deps.network, 'TuneJob', message, deps.key)
  // [reject] All that others check is checked before anything is kept: what is kept is said, again and again.
  checkTuneJob({ statement, spec }, { network: deps.network, now: createdAt })
  const bidMs = request.bidSeconds === undefined ? timing.bidMs : request.bidSeconds * 1000
  return {
    id: digest(deps.network, 'TuneJob', message),
    record: newJob(
      { statement, spec },
      deps.clock.now() + bidMs,
      request.expectedBids ?? null,
      request.product,
      request.byHand
    )
  }
}

/** [reject] A job is on a version that stands on chain, of which something has stayed.
 * @throws InvalidError `job.version`, `version.left` */
export async function anchoredVersion(
  { chain, versions }: Pick<JobsDeps, 'chain' | 'versions'>,
  datanet: Hex,
  version: number
): Promise<{ cid: string }> {
  const anchored = await chain.datanets.version(datanet, version)
  if (anchored !== undefined) {
    await versions.requireSome({ datanet, version, manifest: anchored.cid })
    return anchored
  }
  throw new InvalidError('job.version', `version ${version} of the Datanet is not anchored`, {
    help: 'Its host anchors with `tilth datanet anchor`; `tilth datanet show` says which version is the latest.'
  })
}
