import { existsSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { InvalidError, NotFoundError } from '../../../protocol/primitives/index.ts'
import { requireFreeFile } from '../free.ts'
import { folderFor } from '../written.ts'
import type { WrittenType } from '../../../node/engine/index.ts'
import { chosenFiles, download, hubOf, isHubName, listModel, usualHub } from '../../hub/index.ts'
import type { Hub } from '../../hub/index.ts'
import { command, connected, guarded } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { connect } from '../context.ts'
import { dim, printJson, progress, safe, tell } from '../output.ts'
import { folderTypeOption, ggufTypeOption } from '../weight-types.ts'

// Models as people have them: into the network from a hub, a folder or a GGUF file, and out of it as GGUF.

interface AddFlags extends CallFlags {
  hub?: string
  revision: string
  file?: string
  cache?: string
  dtype?: 'F32' | 'F16' | 'BF16'
}

/** The engine's own module takes a while to load: only for those that need it. */
const engine = () => import('../../../node/engine/index.ts')

const isGguf = (path: string): boolean => /\.gguf$/i.test(path)
const mega = (bytes: number): string => `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 0 })} MB`

/** Where downloads stand, whole ones and parts, until they are published. */
const usualCache = (): string => join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tilth', 'hub')

/** Brings a model from a hub. @returns its folder, or its GGUF file, and the folder that may go afterwards */
async function fromHub(hub: Hub, name: string, flags: AddFlags): Promise<{ path: string; cache: string }> {
  const model = await listModel(hub, name, flags.revision)
  const chosen = chosenFiles(model, flags.file)
  const folder = join(resolve(flags.cache ?? usualCache()), name.replaceAll('/', '--'), model.commit)
  const total = chosen.files.reduce((sum, { size }) => sum + size, 0)
  tell(dim(`${name} at ${model.commit.slice(0, 12)}: ${chosen.files.length} files, ${mega(total)}`))
  const shown = progress(`fetching ${name}`)
  await download(hub, model, chosen.files, { folder, onBytes: (done, of) => shown.at(done / of) })
  shown.end()
  return { path: chosen.form === 'gguf' ? join(folder, chosen.files[0].path) : folder, cache: folder }
}

/** A folder of the model in what was given, written into a temporary one where it is a GGUF file. */
async function inFolder(path: string, dtype: AddFlags['dtype']): Promise<{ folder: string; made: boolean }> {
  if (statSync(path).isDirectory()) return { folder: path, made: false }
  // [reject] A file is a GGUF file.
  if (!isGguf(path))
    throw new InvalidError('model.form', `${path} is neither a folder nor a .gguf file`, {
      help: 'Give a model’s folder, a GGUF file, or a name such as owner/model.'
    })
  const { importGguf } = await engine()
  const folder = await mkdtemp(join(tmpdir(), 'tilth-model-'))
  try {
    const shown = progress(`reading ${path}`)
    importGguf({ file: path, output: folder, dtype, onProgress: (done, of) => shown.at(done / of) })
    shown.end()
    return { folder, made: true }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

export function addCommand(): Command {
  return connected(
    command({
      name: 'add',
      summary:
        'publish a model as a base that can be tuned and served: by name from a hub, from a folder or a GGUF file',
      examples: [
        'tilth model add SmolLM2-135M-Instruct.Q4_1.gguf',
        'tilth model add HuggingFaceTB/SmolLM2-135M-Instruct --as host',
        'tilth model add owner/model-GGUF --file model-Q4_K_M.gguf'
      ]
    })
  )
    .argument('<model>', 'name on a hub, folder, or GGUF file')
    .option('--hub <url>', `where names are looked up (HF_ENDPOINT, else ${usualHub})`)
    .option('--revision <name>', 'branch, tag or commit of a name', 'main')
    .option('--file <name>', 'which GGUF file of a name')
    .option('--cache <dir>', 'where downloads stand until they are published; a part is gone on with')
    .addOption(folderTypeOption())
    .action(
      guarded(async (given: string, flags: AddFlags) => {
        const api = await connect(flags)
        const here = existsSync(given)
        // [reject] What is no path and no name is nothing.
        if (!here && !(isHubName(given) && !isGguf(given)))
          throw new NotFoundError('model.form', `there is no folder or file ${given}, and it is no name on a hub`)
        const hub = hubOf(flags.hub ?? process.env['HF_ENDPOINT'] ?? usualHub, process.env['HF_TOKEN'])
        const { path, cache } = here ? { path: resolve(given), cache: undefined } : await fromHub(hub, given, flags)
        const { folder, made } = await inFolder(path, flags.dtype)
        try {
          const { modelNeeds } = await engine()
          const needs = modelNeeds(folder)
          tell(dim(`publishing ${folder} …`))
          const { cid } = await api.call('importBase', { body: { folder } })
          if (cache !== undefined) await rm(cache, { recursive: true, force: true })
          const { architecture, parameters, storedAs, context } = needs
          if (flags.json === true) return printJson({ cid, architecture, parameters, storedAs, context })
          console.log(
            `${cid}  ${safe(given)}: ${architecture}, ${parameters.toLocaleString('en')} parameters as ${storedAs}\n` +
              dim(`tune it: tilth tune --base ${cid} …; serve it: tilth register --name … --base ${cid}`)
          )
        } finally {
          if (made) await rm(folder, { recursive: true, force: true })
        }
      })
    )
}

interface ExportFlags extends CallFlags {
  gguf: string
  adapterOnly?: boolean
  type: WrittenType
  force?: boolean
}

export function exportCommand(): Command {
  return connected(
    command({
      name: 'export',
      summary: 'write a registered model as a GGUF file, which llama.cpp, Ollama and LM Studio run',
      examples: [
        'tilth model export elements --gguf elements.gguf',
        'tilth model export elements --gguf elements-lora.gguf --adapter-only'
      ]
    })
  )
    .argument('<model>', 'id, beginning of one, or name')
    .requiredOption('--gguf <file>', 'file to write')
    .option('--adapter-only', 'its adapter alone, to be loaded beside its base')
    .option('--force', 'write over what stands there')
    .addOption(ggufTypeOption())
    .action(
      guarded(async (wanted: string, flags: ExportFlags) => {
        const { gguf: file, type, adapterOnly } = flags
        requireFreeFile(file, { flag: '--gguf', force: flags.force })
        await folderFor(file, '--gguf')
        const api = await connect(flags)
        tell(dim('looking for the model’s files …'))
        const { name, base, adapter } = await api.call('modelFolders', { params: { id: wanted } })
        if (!existsSync(base))
          throw new NotFoundError('model.away', `${base}, where the daemon has the model, is not on this machine`, {
            help: 'Run the command where the daemon runs.'
          })
        if (adapterOnly === true && adapter === null)
          throw new InvalidError('flag-invalid', `${name} is a base model: it has no adapter`)
        const { exportGguf } = await engine()
        const shown = progress(`writing ${file}`)
        exportGguf({
          model: base,
          adapter: adapter ?? undefined,
          what: adapterOnly === true ? 'adapter' : 'model',
          file,
          type,
          name,
          onProgress: (done, of) => shown.at(done / of)
        })
        shown.end()
        if (flags.json === true) return printJson({ file, bytes: statSync(file).size, adapter: adapterOnly === true })
        console.log(`${file}: ${safe(name)}, ${mega(statSync(file).size)}`)
      })
    )
}
