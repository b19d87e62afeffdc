import { join } from 'node:path'
import { readdir, rm, stat } from 'node:fs/promises'
import { newAdapter, writeAdapter } from '../../../node/engine/adapters/index.ts'
import { loadModel } from '../../../node/engine/architecture/index.ts'
import { Random } from '../../../node/engine/weights/random.ts'
import { zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { TestPeer } from '../../node/models/network.ts'

const targets = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']
/** Registrations on their way at once, and folders that stay for the engine alone. */
const atOnce = 32
const kept = 256

export interface Made {
  readonly ids: readonly Hex[]
  /** Of the first of them. */
  readonly folders: readonly string[]
  /** Of one. */
  readonly bytes: number
}

/** Adapters of random weights, in the builder's block store and on chain. */
export async function makeAdapters(
  builder: TestPeer,
  { model, count, rank, folder }: { model: string; count: number; rank: number; folder: string },
  say: (text: string) => void
): Promise<Made> {
  const { config } = loadModel(model)
  const base = await builder.node.files.addDirectory(model)
  await builder.service.registerBase({ name: 'base', base })
  const folders: string[] = []
  const ids: Hex[] = []
  let bytes = 0
  const one = async (seed: number): Promise<void> => {
    const fresh = newAdapter(config, { rank, alpha: 2 * rank, targets, dropout: 0 }, seed)
    const random = new Random(seed, 0x20b0000)
    const modules = fresh.modules.map(module => ({ ...module, b: module.b.map(() => 0.02 * (random.uniform() - 0.5)) }))
    const path = join(folder, String(seed))
    writeAdapter(path, { ...fresh, modules }, model)
    const adapter = await builder.node.files.addDirectory(path)
    if (seed === 0) for (const name of await readdir(path)) bytes += (await stat(join(path, name))).size
    if (seed < kept) folders[seed] = path
    else await rm(path, { recursive: true })
    const registration = {
      name: `adapter ${seed}`,
      base,
      adapter,
      result: adapter,
      licence: '',
      datanet: zeroHash,
      version: 0,
      job: zeroHash,
      worker: builder.address,
      split: { worker: 8000, builder: 2000, data: 0 }
    }
    await builder.chain.models.register(registration)
    ids[seed] = builder.chain.models.idOf(builder.address, registration)
  }
  for (let at = 0; at < count; at += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, count - at) }, (_, i) => one(at + i)))
    if (at % (16 * atOnce) === 0) say(`${Math.min(count, at + atOnce)} of ${count} adapters`)
  }
  return { ids, folders, bytes }
}
