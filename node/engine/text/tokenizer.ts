import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ModelError } from '../graph/errors.ts'
import { parseBounded, readBounded } from '../graph/files.ts'
import { checkDecoder } from './decoder-rules.ts'

/** Larger than any tokenizer of the models that are supported, small enough to be read in a few seconds. */
const mostTokenizerBytes = 64 * 2 ** 20
const mostConfigBytes = 4 * 2 ** 20
const mostTemplateBytes = 256 * 2 ** 10

/** A model's tokenizer and what its folder says about special tokens and the chat template. */
export class Tokenizer {
  readonly #inner: HuggingFaceTokenizer
  /** Source of the chat template, where there is one. */
  readonly template: string | undefined
  /** Text of bos, eos, pad and the like, by the name templates use. */
  readonly special: Readonly<Record<string, string>>

  private constructor(inner: HuggingFaceTokenizer, template: string | undefined, special: Record<string, string>) {
    this.#inner = inner
    this.template = template
    this.special = special
  }

  /** Reads tokenizer.json, tokenizer_config.json and chat_template.jinja of a Hugging Face folder. */
  static load(folder: string): Tokenizer {
    const config = readJson(join(folder, 'tokenizer_config.json'), mostConfigBytes)
    const inner = build(folder, config)
    const file = join(folder, 'chat_template.jinja')
    const template = existsSync(file)
      ? readBounded(file, mostTemplateBytes, 'chat-template')
      : templateOf(config['chat_template'])
    const special: Record<string, string> = {}
    for (const [key, value] of Object.entries(config)) {
      if (!key.endsWith('_token')) continue
      const text: unknown = typeof value === 'object' && value !== null && 'content' in value ? value.content : value
      if (typeof text === 'string') special[key] = text
    }
    return new Tokenizer(inner, template, special)
  }

  /** Token ids; special tokens written out in the text are recognised, none are added. */
  encode(text: string): number[] {
    return text === '' ? [] : this.#inner.encode(text, { add_special_tokens: false }).ids
  }

  decode(ids: readonly number[], options: { readonly keepSpecial?: boolean } = {}): string {
    return ids.length === 0
      ? ''
      : this.#inner.decode([...ids], {
          skip_special_tokens: options.keepSpecial !== true,
          clean_up_tokenization_spaces: false
        })
  }

  idOf(token: string): number | undefined {
    return this.#inner.token_to_id(token)
  }

  get endId(): number | undefined {
    const text = this.special['eos_token']
    return text === undefined ? undefined : this.idOf(text)
  }
}

function build(folder: string, config: Record<string, unknown>): HuggingFaceTokenizer {
  const file = join(folder, 'tokenizer.json')
  const json = readJson(file, mostTokenizerBytes)
  checkDecoder(json, file)
  try {
    return new HuggingFaceTokenizer(json, config)
  } catch (cause) {
    throw new ModelError('tokenizer-invalid', `${file} is no tokenizer that can be used`, {
      cause,
      help: 'Fetch the file again; it is damaged or of a kind that is not supported.'
    })
  }
}

/** The template itself, or of several by name the default one. */
function templateOf(found: unknown): string | undefined {
  if (!Array.isArray(found)) return typeof found === 'string' ? found : undefined
  const named = found.filter(
    (entry): entry is { name: string; template: string } =>
      typeof entry === 'object' &&
      entry !== null &&
      'name' in entry &&
      'template' in entry &&
      typeof entry.template === 'string'
  )
  return named.find(({ name }) => name === 'default')?.template
}

function readJson(file: string, mostBytes: number): Record<string, unknown> {
  return parseBounded(
    file,
    mostBytes,
    'tokenizer-missing',
    'Give the folder of a Hugging Face model with tokenizer.json and tokenizer_config.json.'
  ) as Record<string, unknown>
}
