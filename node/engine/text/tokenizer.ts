import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ModelError } from '../graph/errors.ts'
import { parseBounded, readBounded } from '../graph/files.ts'
import { checkTokenizerConfig, withKnownParts } from './known-parts.ts'
import { checkDecoder } from './decoder-rules.ts'
import { bytesOf, lettersOf, offsetsOf, type Offset, type Spelling } from './offsets.ts'
import { packPlain, type PlainVocabulary } from './plain.ts'

/** Larger than any tokenizer of the models that are supported, small enough to be read in a few seconds. */
export const mostTokenizerBytes = 64 * 2 ** 20
const mostConfigBytes = 4 * 2 ** 20
export const mostTemplateBytes = 256 * 2 ** 10

/** A model's tokenizer and what its folder says about special tokens and the chat template. */
export class Tokenizer {
  readonly #inner: HuggingFaceTokenizer
  /** Source of the chat template, where there is one. */
  readonly template: string | undefined
  /** Text of bos, eos, pad and the like, by the name templates use. */
  readonly special: Readonly<Record<string, string>>
  readonly #written: Written
  readonly #added: ReadonlySet<string>
  /** Those that no text shows. */
  readonly #unshown: ReadonlySet<string>

  private constructor(
    inner: HuggingFaceTokenizer,
    written: Written,
    template: string | undefined,
    special: Record<string, string>,
    alsoSpecial: readonly string[]
  ) {
    this.#inner = inner
    this.#written = written
    const added = [...inner.get_added_tokens_decoder().values()]
    this.#unshown = new Set([...added.filter(token => token.special).map(({ content }) => content), ...alsoSpecial])
    this.#added = new Set([...inner.get_added_tokens_decoder().values()].map(({ content }) => content))
    this.template = template
    this.special = special
  }

  /** Reads tokenizer.json, tokenizer_config.json and chat_template.jinja of a Hugging Face folder. */
  static load(folder: string): Tokenizer {
    const config = { ...readJson(join(folder, 'tokenizer_config.json'), mostConfigBytes), ...olderTokens(folder) }
    const [inner, written] = build(folder, config)
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
    const more: unknown = config['additional_special_tokens']
    const alsoSpecial = Array.isArray(more) ? more.filter((token): token is string => typeof token === 'string') : []
    return new Tokenizer(inner, written, template, special, alsoSpecial)
  }

  /** Token ids; special tokens written out in the text are recognised, none are added. */
  encode(text: string): number[] {
    return text === '' ? [] : this.#inner.encode(text, { add_special_tokens: false }).ids
  }

  /** A text in the form in which its tokens say it: many tokenizers put composed letters for letters and marks. */
  canonical(text: string): string {
    return this.#written.form === undefined ? text : text.normalize(this.#written.form)
  }

  /** A canonical text's ids, and where each of its tokens stands. @throws ModelError `row-tokens` */
  locate(text: string): { readonly ids: number[]; readonly offsets: readonly Offset[] } {
    if (text === '') return { ids: [], offsets: [] }
    const { ids, tokens } = this.#inner.encode(text, { add_special_tokens: false })
    const offsets = offsetsOf(text, tokens, this.#written.spelling, token => this.#added.has(token))
    if (offsets === undefined) throw new ModelError('row-tokens', 'the tokens of this text do not give it back')
    return { ids, offsets }
  }

  decode(ids: readonly number[], options: { readonly keepSpecial?: boolean } = {}): string {
    return ids.length === 0
      ? ''
      : this.#inner.decode([...ids], {
          skip_special_tokens: options.keepSpecial !== true,
          clean_up_tokenization_spaces: false
        })
  }

  /**
   * The bytes that each token of a vocabulary of so many stands for within a text; undefined for special ones, which no
   * text shows.
   */
  tokenBytes(count: number): (Uint8Array | undefined)[] {
    const bytes: (Uint8Array | undefined)[] = Array.from({ length: count })
    for (const [token, id] of this.#inner.get_vocab(false)) bytes[id] = bytesOf(token, this.#written.spelling, false)
    for (const [id, { content, special }] of this.#inner.get_added_tokens_decoder())
      bytes[id] = special ? undefined : bytesOf(content, this.#written.spelling, true)
    return bytes.slice(0, count)
  }

  /** What each token says, where decoding is no more than to put that in a row: as it is for most models. */
  plain(): PlainVocabulary | undefined {
    if (!this.#written.isPlain) return undefined
    const count = this.#inner.get_vocab().size
    let isPlain = true
    const vocabulary = packPlain(count, id => {
      const token = this.#inner.id_to_token(id)
      if (token === undefined) return undefined
      if (this.#unshown.has(token)) return { kind: 'special', said: new Uint8Array() }
      if (this.#added.has(token) && token.isWellFormed()) return { kind: 'added', said: Buffer.from(token) }
      const said = lettersOf(token)
      isPlain &&= said !== undefined
      return said && { kind: 'bytes', said }
    })
    return isPlain ? vocabulary : undefined
  }

  idOf(token: string): number | undefined {
    return this.#inner.token_to_id(token)
  }

  get endId(): number | undefined {
    const text = this.special['eos_token']
    return text === undefined ? undefined : this.idOf(text)
  }
}

/** How a tokenizer writes text into its tokens. */
interface Written {
  readonly spelling: Spelling
  /** Unicode normal form that texts are brought into first. */
  readonly form: (typeof forms)[number] | undefined
  /** Its tokens say bytes, and nothing is done with them but to put them in a row. */
  readonly isPlain: boolean
}
const forms = ['NFC', 'NFD', 'NFKC', 'NFKD'] as const

/** The types of a part of tokenizer.json and of what it is made of. */
function typesIn(part: unknown, depth = 0): string[] {
  if (typeof part !== 'object' || part === null || depth > deepest) return []
  const { type, ...inner } = part as Record<string, unknown>
  const nested = Object.values(inner).flatMap(value => (Array.isArray(value) ? (value as unknown[]) : [value]))
  return [...(typeof type === 'string' ? [type] : []), ...nested.flatMap(value => typesIn(value, depth + 1))]
}
const deepest = 8

const writtenBy = (json: Record<string, unknown>): Written => {
  const types = typesIn(json['normalizer'])
  return {
    spelling: typesIn(json['decoder']).includes('ByteLevel') ? 'bytes' : 'words',
    form: forms.find(form => types.includes(form)),
    isPlain: fieldOf(json['decoder'], 'type') === 'ByteLevel' && !fieldOf(json['model'], 'end_of_word_suffix')
  }
}

const fieldOf = (part: unknown, name: string): unknown =>
  typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[name] : undefined

function build(folder: string, config: Record<string, unknown>): [HuggingFaceTokenizer, Written] {
  const file = join(folder, 'tokenizer.json')
  const json = readJson(file, mostTokenizerBytes)
  checkDecoder(json, file)
  checkTokenizerConfig(config, json, join(folder, 'tokenizer_config.json'))
  const known = withKnownParts(json, file)
  try {
    return [new HuggingFaceTokenizer(known, config), writtenBy(json)]
  } catch (cause) {
    throw new ModelError('tokenizer-invalid', `${file} is no tokenizer that can be used`, {
      cause,
      help: 'Fetch the file again; it is damaged or of a kind that is not supported.'
    })
  }
}

/** What older folders name their special tokens in; where it is, libraries go by it. */
function olderTokens(folder: string): Record<string, unknown> {
  const file = join(folder, 'special_tokens_map.json')
  if (!existsSync(file)) return {}
  return Object.fromEntries(
    Object.entries(readJson(file, mostConfigBytes)).filter(([, token]) => token !== null && token !== '')
  )
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
  const help = 'Give the folder of a Hugging Face model with tokenizer.json and tokenizer_config.json.'
  const json = parseBounded(file, mostBytes, 'tokenizer-missing', help)
  // [invalid] Such a file is an object.
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ModelError('tokenizer-invalid', `${file} is not an object`, { help })
  return json as Record<string, unknown>
}
