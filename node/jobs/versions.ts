import { emptiedHelp, emptiedInWords, leastDataShareOf, requireOpen } from '../../protocol/data/index.ts'
import type { DatanetRules, VersionManifest } from '../../protocol/data/index.ts'
import type { TuneSpec } from '../../protocol/jobs/index.ts'
import { InvalidError, NotFoundError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { DataService } from '../data/types.ts'
import { createContexts } from './context.ts'
import { standInRows } from './stand-ins.ts'
import type { VersionName, Versions } from './deps.ts'
import type { JobsDeps } from './deps.ts'

/**
 * A version's rows from the data phase, which checks manifest and shards; here only that it is the version the job
 * names.
 */
export function versionsOf(
  data: Pick<
    DataService,
    | 'manifest'
    | 'versionRows'
    | 'heldOutRows'
    | 'versionQuestions'
    | 'datanet'
    | 'rulesAt'
    | 'lacking'
    | 'sizes'
    | 'privateRule'
    | 'leftSince'
  >,
  deps: { readonly chain: Pick<JobsDeps['chain'], 'datanets'> }
): Versions {
  const manifestOf = async (name: VersionName): Promise<VersionManifest> => {
    await checkVersion(deps, name)
    const manifest = await data.manifest(name.datanet, name.version)
    if (manifest.datanet !== name.datanet || manifest.version !== name.version)
      throw new InvalidError('job.manifest', 'the manifest is of another version')
    return manifest
  }
  async function rulesOf(datanet: Hex): Promise<DatanetRules> {
    // Reading the questions brings the rules, where nobody here had to do with the Datanet yet.
    if ((await data.datanet(datanet)) === undefined) await data.heldOutRows(datanet)
    const known = await data.datanet(datanet)
    if (known === undefined)
      throw new NotFoundError('datanet.unknown', `the rules of Datanet ${datanet} are not known here`, {
        consequence: 'retry'
      })
    return known.rules
  }
  async function requireQuotable(datanet: Hex): Promise<void> {
    // Brings the rules where they are not known yet, and no more than them.
    await data.privateRule(datanet)
    requireOpen(await rulesOf(datanet), 'whoever asks could read its rows before a question')
  }
  return {
    async rows(name, { standIns = false, open = false } = {}) {
      const manifest = await manifestOf(name)
      const rules = await rulesOf(name.datanet)
      if (open) requireOpen(rules, 'not everybody reads its rows')
      // A worker that has no award yet, and a builder, know how many rows there are and how long, and reckon with that.
      if (standIns && (await data.lacking(manifest)).length > 0)
        return standInRows(manifest, await data.sizes(manifest))
      return data.versionRows(manifest)
    },
    remaining: async name => data.versionRows(await manifestOf(name), { remaining: true }),
    async requireSome(name) {
      await rulesOf(name.datanet)
      const left = await data.leftSince(name.datanet, name.version)
      // [reject] What was taken back, all of it, is not learnt once more: no version can follow that lacks it.
      if (left.length > 0 && left.length === (await manifestOf(name)).entries.length)
        throw new InvalidError('version.left', emptiedInWords(name.version), { help: emptiedHelp })
    },
    owners: async name =>
      (await manifestOf(name)).entries.flatMap(({ contributor, own }) => own.map(() => contributor)),
    heldOut: async name => {
      await manifestOf(name)
      return data.versionQuestions(name.datanet, name.version)
    },
    async leastDataShare(datanet, registered) {
      await rulesOf(datanet)
      // A mix goes by its own rules, which ask for as much as each of its parents did when it was founded.
      return leastDataShareOf(await data.rulesAt(datanet, registered === undefined ? undefined : registered - 1n))
    },
    async auditedSegments(datanet, registered) {
      await rulesOf(datanet)
      const rules = await data.rulesAt(datanet, registered === undefined ? undefined : registered - 1n)
      return rules.auditedSegments ?? 0
    },
    keptBack: async datanet => (await rulesOf(datanet)).keptBack ?? null,
    requireQuotable,
    context: createContexts(
      async (datanet, version) => {
        // [reject] Rows that few may read are put before nobody's question, whatever keys this node has.
        await requireQuotable(datanet)
        return data.versionRows(await data.manifest(datanet, version))
      },
      async (datanet, version) =>
        (await data.leftSince(datanet, version))
          .flatMap(({ contribution, removed }) => (removed === 'taken-down' ? [contribution] : []))
          .join()
    )
  }
}

/**
 * [reject] A model that is made here gives its data what its Datanet asks for at least: answers of one that gives less
 * are never weighed, and whoever paid for its training finds out last.
 * @throws InvalidError `split.data`
 */
export async function checkDataShare(
  versions: Pick<Versions, 'leastDataShare'>,
  datanet: Hex,
  { data }: { readonly data: number }
): Promise<void> {
  const least = await versions.leastDataShare(datanet)
  if (data >= least) return
  throw new InvalidError(
    'split.data',
    `the Datanet asks that ${least / 100} % of every fee go to its data; this split gives them ${data / 100} %`,
    { help: `Give them ${least} basis points at least, the third number of --split.` }
  )
}

/**
 * [reject] A job's version is anchored on chain with exactly the manifest that the job names.
 * @throws NotFoundError `job.version`, InvalidError `job.manifest`
 */
export async function checkVersion(
  deps: { readonly chain: Pick<JobsDeps['chain'], 'datanets'> },
  spec: Pick<TuneSpec, 'datanet' | 'version' | 'manifest'>
): Promise<void> {
  const anchored = await deps.chain.datanets.version(spec.datanet, spec.version)
  if (anchored === undefined)
    throw new NotFoundError('job.version', `version ${spec.version} of the Datanet is not anchored`, {
      help: 'Anchor it first, or name another version.'
    })
  if (anchored.cid !== spec.manifest)
    throw new InvalidError('job.manifest', "the job's manifest is not the anchored one")
}
