import { decodeManifest, isAgent, mostManifestBytes } from '../../../protocol/models/index.ts'
import type { AgentManifest, ModelRecord } from '../../../protocol/models/index.ts'
import { InvalidError, NotFoundError, anySignal } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { Catalogue } from '../catalogue.ts'
import type { Parts } from '../deps.ts'

/** Manifests in memory: they never change under their CID. */
const mostKept = 256
const fetchMs = 20_000

export interface Manifests {
  /** @throws as files.fetchBytes, decodeManifest */
  of(agent: ModelRecord, signal?: AbortSignal): Promise<AgentManifest>
  /**
   * The models of its steps, each registered and going on.
   * @throws NotFoundError `model.unknown` · InvalidError `agent.nested`, `model.retired`
   */
  modelsOf(manifest: AgentManifest): readonly ModelRecord[]
}

export function createManifests({ files }: Pick<Parts, 'files'>, catalogue: Pick<Catalogue, 'get'>): Manifests {
  const kept = createCache<string, AgentManifest>({ max: mostKept })
  return {
    async of({ base, builder, worker }, signal) {
      const known = kept.get(base)
      if (known !== undefined) return known
      const within = AbortSignal.timeout(fetchMs)
      const bytes = await files.fetchBytes(base, {
        maxBytes: mostManifestBytes,
        providers: [...new Set([worker, builder])],
        signal: signal === undefined ? within : anySignal([signal, within])
      })
      const manifest = decodeManifest(bytes)
      kept.set(base, manifest)
      return manifest
    },
    modelsOf: ({ steps }) =>
      steps.map(({ name, model }) => {
        const found = catalogue.get(model)
        if (found === undefined)
          throw new NotFoundError('model.unknown', `the step ${name} asks a model that is not registered: ${model}`)
        // [reject] Steps are models: what an agent costs and how deep it goes is seen from its manifest alone.
        if (isAgent(found.record))
          throw new InvalidError('agent.nested', `the step ${name} asks ${found.record.name}, which is an agent`, {
            help: 'Name the models that it asks.'
          })
        if (found.retired)
          throw new InvalidError('model.retired', `the step ${name} asks ${found.record.name}, which is retired`, {
            help: 'Its builder makes a new agent without it.'
          })
        return found.record
      })
  }
}
