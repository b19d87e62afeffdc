import { InvalidError } from '../../../protocol/primitives/errors.ts'
import { providers, type Precision, type Provider, type ProviderRequest } from '../graph/provider.ts'
import type { RuntimeOptions } from '../graph/session.ts'
import { detect } from './detect.ts'
import type { Finding } from './findings.ts'
import { findHardware } from './hardware.ts'

/** A provider or precision that was asked for and that this machine does not have. */
export class ProviderError extends InvalidError {}

/**
 * The provider to run on. `auto`: CUDA where it is installed and runs, else WebGPU on a real adapter, else the CPU. A
 * software adapter is used only when WebGPU is asked for by name. Throws a ProviderError where what was asked for by
 * name
 * cannot run.
 */
export async function chooseProvider(requested: ProviderRequest): Promise<Finding> {
  if (requested !== 'auto') {
    const finding = await detect(requested)
    if (!finding.usable)
      throw new ProviderError('provider-unavailable', `the provider ${requested} cannot run here: ${finding.reason}`, {
        help: finding.help ?? 'Leave --provider out, or say --provider cpu.'
      })
    return finding
  }
  // Where no driver has made a device there is nothing to probe, and starting costs nothing.
  if (!(await findHardware()).reachable) return detect('cpu')
  const cuda = await detect('cuda')
  if (cuda.usable) return cuda
  const webgpu = await detect('webgpu')
  return webgpu.usable && webgpu.real ? webgpu : detect('cpu')
}

export interface RuntimeRequest {
  readonly threads: number
  readonly provider?: ProviderRequest | undefined
  /** By default float16 on graphics processors that have it, float32 elsewhere. */
  readonly precision?: Precision | undefined
}

/**
 * A request as the options of sessions. The same seed gives the same bits on the same provider, precision and threads,
 * not
 * across providers; and on WebGPU only as far as its kernels keep an order: where rows are added to one row
 * (full-parameter training's embeddings) and in long products on some Intel GPUs they add in whatever order threads
 * come.
 */
export async function resolveRuntime({
  threads,
  provider = 'auto',
  precision
}: RuntimeRequest): Promise<RuntimeOptions> {
  const found = await chooseProvider(provider)
  const able = found.provider !== 'cpu' && found.half
  if (precision === 'f16' && !able)
    throw new ProviderError('precision-unavailable', `${found.provider} has no products in float16 here`, {
      help: 'Leave --precision out, or say --precision f32.'
    })
  return { threads, provider: found.provider, precision: precision ?? (able ? 'f16' : 'f32') }
}

/** All providers of this machine, and which one would be chosen: for a person who asks. Probes every one. */
export async function surveyProviders(): Promise<{
  readonly gpus: readonly string[]
  readonly chosen: Provider
  readonly findings: readonly Finding[]
}> {
  const findings = await Promise.all(providers.map(provider => detect(provider)))
  return { gpus: (await findHardware()).gpus, chosen: (await chooseProvider('auto')).provider, findings }
}
