import type { VersionManifest } from '../../protocol/data/index.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import type { DataService } from '../data/types.ts'
import type { VersionName, Versions } from './deps.ts'
import { checkVersion } from './bases.ts'
import type { JobsDeps } from './deps.ts'

/**
 * A version's rows from the data phase, which checks manifest and shards; here only that it is the version the job
 * names.
 */
export function versionsOf(
  data: Pick<DataService, 'manifest' | 'versionRows' | 'heldOutRows'>,
  deps: { readonly chain: Pick<JobsDeps['chain'], 'datanets'> }
): Versions {
  const manifestOf = async (name: VersionName): Promise<VersionManifest> => {
    await checkVersion(deps, name)
    const manifest = await data.manifest(name.datanet, name.version)
    if (manifest.datanet !== name.datanet || manifest.version !== name.version)
      throw new InvalidError('job.manifest', 'the manifest is of another version')
    return manifest
  }
  return {
    rows: async name => data.versionRows(await manifestOf(name)),
    heldOut: async name => {
      await manifestOf(name)
      return data.heldOutRows(name.datanet)
    }
  }
}
