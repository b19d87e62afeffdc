import { InvalidError, LimitError } from '../../protocol/primitives/index.ts'
import { kindLimits } from '../../node/shelf/limits.ts'
import type { HubFile, HubModel } from './listing.ts'

/** Beside the weights, what the engine and the libraries of others read. */
const small = new Set([
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'model.safetensors.index.json',
  'LICENSE',
  'README.md'
])
const weights = /^model(?:-\d{5}-of-\d{5})?\.safetensors$/
const gguf = /^[\w-][\w.+-]{0,200}\.gguf$/i
const mostSmallBytes = 64 * 2 ** 20
const mostNamed = 12

export type Chosen =
  | { readonly form: 'folder'; readonly files: readonly HubFile[] }
  | { readonly form: 'gguf'; readonly files: readonly [HubFile] }

/**
 * The files of a model that are taken: the one that is named, or a folder in Hugging Face form, or else the only GGUF
 * file.
 * @throws InvalidError `hub.files` · LimitError `hub.files`
 */
export function chosenFiles({ name, files }: HubModel, wanted?: string): Chosen {
  const ggufs = files.filter(({ path }) => gguf.test(path))
  const help =
    ggufs.length === 0
      ? 'A model is config.json, tokenizer.json and safetensors, or a GGUF file.'
      : `Name one with --file: ${ggufs
          .slice(0, mostNamed)
          .map(({ path }) => path)
          .join(', ')}.`
  if (wanted !== undefined) {
    const found = ggufs.find(({ path }) => path === wanted)
    if (found === undefined)
      throw new InvalidError('hub.files', `${name} has no GGUF file ${wanted.slice(0, 200)}`, { help })
    return { form: 'gguf', files: [bounded(found)] }
  }
  const has = (path: string): boolean => files.some(file => file.path === path)
  const parts = files.filter(({ path }) => weights.test(path))
  if (has('config.json') && has('tokenizer.json') && parts.length > 0) {
    const beside = files.filter(({ path, size }) => small.has(path) && size <= mostSmallBytes)
    const all = [
      ...beside,
      ...(has('model.safetensors') ? parts.filter(({ path }) => path === 'model.safetensors') : parts)
    ]
    if (all.length > kindLimits.base.maxFiles) throw new LimitError('hub.files', `${name} has ${all.length} files`)
    all.forEach(bounded)
    return { form: 'folder', files: all }
  }
  const [only, ...others] = ggufs
  if (only === undefined) throw new InvalidError('hub.files', `${name} has no files that are a model`, { help })
  if (others.length > 0) throw new InvalidError('hub.files', `${name} has ${ggufs.length} GGUF files`, { help })
  return { form: 'gguf', files: [bounded(only)] }
}

/** [reject] No file is larger than a base may be. */
function bounded(file: HubFile): HubFile {
  if (file.size > kindLimits.base.maxBytes) throw new LimitError('hub.files', `${file.path} has ${file.size} bytes`)
  return file
}
