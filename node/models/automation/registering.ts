import { nameSkeleton } from '../../../protocol/primitives/index.ts'
import { isOver, trainerOf } from '../../jobs/index.ts'
import type { JobView } from '../../jobs/index.ts'
import type { Automation, Plan } from '../../runtime/index.ts'
import type { Catalogue } from '../catalogue.ts'
import type { Parts } from '../deps.ts'

const longestName = 80

/** The wanted name, or with the first number behind it that makes it one that nobody has. */
export function freeName(wanted: string, taken: (name: string) => boolean): string {
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? '' : `-${number}`
    const name = `${wanted.slice(0, longestName - suffix.length)}${suffix}`
    if (!taken(name)) return name
  }
}

/**
 * The builder's automation: the model of each own finished job is registered as the job said. Whether it is there is
 * told by the catalogue, which follows the chain, and registering the same twice gives the same id.
 */
export function createRegistering(parts: Parts, everyMs: number, catalogue: Catalogue): Automation | undefined {
  const { register: policy, automations, jobs, nameOf, self } = parts
  if (policy === undefined || jobs === undefined) return undefined
  const registered = ({ result }: JobView): boolean =>
    catalogue.list().some(({ record }) => record.builder === self && record.result === result)

  async function nameFor(job: JobView): Promise<string> {
    const given = job.product?.name
    if (given !== undefined) return given
    const datanet = (await nameOf?.(job.datanet)) ?? job.datanet.slice(0, 10)
    const taken = new Set(catalogue.list().map(({ record }) => nameSkeleton(record.name)))
    return freeName(`${datanet}-v${job.version}`, name => taken.has(nameSkeleton(name)))
  }

  async function* plans(): AsyncGenerator<Plan> {
    for (const job of jobs?.jobs() ?? []) {
      const { id, result, product } = job
      if (job.builder !== self || product === null || (isOver(job) && result === null) || registered(job)) continue
      const name = await nameFor(job)
      const what = `register ${name}`
      if (result === null) yield { due: false, about: id, what, why: `its job is ${job.state}`, at: null }
      else
        yield {
          due: true,
          about: id,
          what,
          async run() {
            const worker = trainerOf(job)
            const { id: model } = await catalogue.register({
              name,
              result,
              split: product.split,
              upstream: product.upstream,
              ...(product.licence === undefined ? {} : { licence: product.licence }),
              ...(worker === undefined ? {} : { worker })
            })
            return `registered ${name} as ${model}`
          }
        }
    }
  }

  return automations.add({ name: 'register', on: policy.on, everyMs, plans })
}
