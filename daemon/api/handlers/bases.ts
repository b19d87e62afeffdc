import { readdir } from 'node:fs/promises'
import { isAgent } from '../../../protocol/models/index.ts'
import { InvalidError, pageOf } from '../../../protocol/primitives/index.ts'
import { mustBeModel } from '../../../node/jobs/index.ts'
import type { Node } from '../../../node/node.ts'
import { createCache } from '../../../node/runtime/index.ts'
import type { ShelfKind } from '../../../node/shelf/index.ts'
import { bundledBase } from '../../assets.ts'
import type { BaseView, InspectionView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'
import type { Which } from './which.ts'

/** Bases that are listed, and whose headers are remembered: what a CID names does not change. */
const mostBases = 500
const mostInspected = 100

/** Names in a folder of this machine. @throws InvalidError `job.base` */
async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    throw new InvalidError('job.base', `there is no folder ${folder} that this daemon can read`, {
      help: "A base model's folder is on the daemon's own machine; name it by its whole path.",
      cause
    })
  }
}

type Known = Omit<BaseView, 'inspection'>

export function baseHandlers(
  { engine, jobs, models, shelf, transport }: Pick<Node, 'engine' | 'jobs' | 'models' | 'shelf' | 'transport'>,
  which: Pick<Which, 'asked'>
): Pick<Handlers, 'bases' | 'importBase' | 'modelFolders'> {
  const inspected = createCache<string, InspectionView>({ max: mostInspected })
  let bundled: string | undefined

  /** The CID of the base that comes with Tilth, which is on the shelf then. */
  async function bundledCid(): Promise<string> {
    if (bundled === undefined || !shelf.has(bundled)) {
      const lease = await shelf.put(bundledBase.folder(), 'base')
      bundled = lease.cid
      lease.release()
    }
    return bundled
  }

  /** Those that come with Tilth and those on this disk first, then those that most models were made of. */
  async function known(): Promise<Known[]> {
    const own = await bundledCid()
    const bases = new Map<string, Known>()
    const note = (cid: string, more: Partial<Known> = {}): void => {
      const before = bases.get(cid) ?? { cid, name: null, bundled: false, here: false, bytes: null, tuned: 0 }
      if (bases.has(cid) || bases.size < mostBases) bases.set(cid, { ...before, ...more })
    }
    note(own, { name: bundledBase.name, bundled: true })
    for (const { cid, kind, bytes } of shelf.status().entries) if (kind === 'base') note(cid, { here: true, bytes })
    for (const model of models.models()) {
      // An agent names its manifest there, which nobody can train.
      if (isAgent(model)) continue
      const { base, adapter, name } = model
      note(base)
      const at = bases.get(base)
      if (adapter !== null) note(base, { tuned: (at?.tuned ?? 0) + 1 })
      else if (at?.name === null) note(base, { name })
    }
    for (const { base } of jobs.jobs()) note(base)
    const first = ({ bundled, here }: Known): number => (bundled ? 0 : here ? 1 : 2)
    return [...bases.values()].sort((a, b) => first(a) - first(b) || b.tuned - a.tuned || (a.cid < b.cid ? -1 : 1))
  }

  /** What a base takes, if it is here and can be read. */
  async function inspect({ cid, here }: Known): Promise<InspectionView | null> {
    const found = inspected.get(cid)
    if (found !== undefined || !here) return found ?? null
    const lease = await shelf.take(cid, { kind: 'base', from: [], cause: 'owner' })
    try {
      const { memory, fits, ...rest } = await engine.inspect(lease.folder)
      const need = (key: keyof typeof memory) => ({ bytes: Math.ceil(memory[key]), fits: fits[key] })
      const view = {
        ...rest,
        needs: {
          serve: need('serve'),
          serveInt4: need('serveInt4'),
          tuneLora: need('tuneLora'),
          tuneQlora: need('tuneQlora'),
          tuneFull: need('tuneFull')
        }
      }
      inspected.set(cid, view)
      return view
    } catch (error) {
      // A folder that is no model is shown without what it takes; a job on it is refused in words.
      if (error instanceof InvalidError) return null
      throw error
    } finally {
      lease.release()
    }
  }

  return {
    async bases({ params }) {
      const { items, next } = pageOf(await known(), params, ({ cid }) => cid)
      const shown: BaseView[] = []
      for (const item of items) shown.push({ ...item, inspection: await inspect(item) })
      return { items: shown, next }
    },
    async importBase({ body }) {
      mustBeModel(body.folder, await filesIn(body.folder))
      // [reject] It can be read, and asked: nobody is to pay for a base that nothing comes of.
      await engine.inspect(body.folder)
      await engine.text.prompt(body.folder, [{ role: 'user', content: 'Hello' }])
      const lease = await shelf.put(body.folder, 'base')
      const { cid } = lease
      lease.release()
      await transport.files.provide(cid)
      return { cid }
    },
    async modelFolders({ params, signal }) {
      const found = await which.asked(params.id)
      const { id, name, base, adapter, builder, worker } = found
      // [reject] An agent's base is its manifest.
      if (isAgent(found))
        throw new InvalidError('model.agent', `${name} is an agent: it asks models, and has no weights of its own`, {
          help: `\`tilth agent show ${name}\` names them.`
        })
      const folderOf = async (cid: string, kind: ShelfKind): Promise<string> => {
        const lease = await shelf.take(cid, { kind, from: [builder, worker], cause: 'owner', signal })
        lease.release()
        return lease.folder
      }
      return {
        id,
        name,
        base: await folderOf(base, 'base'),
        adapter: adapter === null ? null : await folderOf(adapter, 'adapter')
      }
    }
  }
}
