import { isDeepStrictEqual } from 'node:util'
import type { BackendStatus } from '../../../node/engine/backend/index.ts'
import type { Node } from '../../../node/node.ts'
import { NotFoundError, pageOf } from '../../../protocol/primitives/index.ts'
import { keyVariable } from '../../config/index.ts'
import type { BackendConfig, Settings } from '../../config/index.ts'
import type { BackendView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

function backendView({ kind, error, can, model, context, checked, ...rest }: BackendStatus): BackendView {
  return {
    ...rest,
    kind: kind ?? null,
    error: error === undefined ? null : { ...error, help: error.help ?? null },
    can: can === undefined ? null : { ...can, logprobs: can.logprobs ?? null },
    model: model ?? null,
    context: context ?? null,
    checked: checked.map(({ adapter, at, agreement: { tokens, answers, why } }) => ({
      adapter,
      at,
      tokens,
      answers:
        answers === undefined ? null : { ...answers, mean: answers.mean ?? null, largest: answers.largest ?? null },
      why: why ?? null
    }))
  }
}

/** A server that the file names and nobody has met yet. */
const unmet = ({ name, url, base, model, concurrency }: BackendConfig): BackendView => ({
  name,
  url,
  base,
  kind: null,
  state: 'new',
  error: null,
  can: null,
  model: model ?? null,
  context: null,
  concurrency,
  running: 0,
  answers: 0,
  tokens: 0,
  failures: 0,
  checked: []
})

const keyOf = ({ name, keyFile }: BackendConfig): Pick<BackendView, 'key' | 'keyVariable'> => {
  const variable = keyVariable(name)
  return keyFile === undefined
    ? { key: process.env[variable] === undefined ? 'none' : 'environment', keyVariable: variable }
    : { key: 'file' }
}

export function backendHandlers(
  { backends }: Pick<Node, 'backends'>,
  { backends: named, file }: Pick<Settings, 'backends' | 'file'>
): Pick<Handlers, 'backends' | 'checkBackend' | 'addBackend' | 'removeBackend'> {
  /** Those that are used, and then those that only stand in the file. */
  async function all(): Promise<readonly BackendView[]> {
    const { now, coming } = await named.view()
    const used = backends.status().map((status): BackendView => {
      const was = now.find(({ name }) => name === status.name)
      const next = coming.find(({ name }) => name === status.name)
      return {
        ...backendView(status),
        ...(next === undefined ? { pending: 'removed' } : isDeepStrictEqual(was, next) ? {} : { pending: 'changed' }),
        ...(was === undefined ? {} : keyOf(was))
      }
    })
    const added = coming.filter(({ name }) => !used.some(one => one.name === name))
    return [...used, ...added.map(one => ({ ...unmet(one), ...keyOf(one), pending: 'added' as const }))]
  }
  return {
    backends: async ({ params }) => pageOf(await all(), params, ({ name }) => name),
    async checkBackend({ params: { name } }) {
      const only = (await all()).find(one => one.name === name && one.pending === 'added')
      if (only !== undefined)
        throw new NotFoundError('config.no-backend', `${name} is used from the daemon’s next start on`, {
          help: 'Start the daemon again, and check it then.'
        })
      return backendView(await backends.check(name))
    },
    async addBackend({ body }) {
      await named.add(body)
      const found = (await all()).find(({ name }) => name === body.name)
      if (found === undefined) throw new NotFoundError('config.no-backend', `${file} names no server ${body.name}`)
      return found
    },
    async removeBackend({ params: { name } }) {
      await named.remove(name)
      return { name, file }
    }
  }
}
