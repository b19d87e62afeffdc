import { closeSync, mkdirSync, openSync, readSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parameterSpecs, type ModelConfig } from '../architecture/index.ts'
import { ModelError } from '../graph/errors.ts'
import { writePieces, type PiecedTensor, type StoredTensor } from '../weights/safetensors.ts'
import { unpack } from './blocks.ts'
import { configOf } from './config.ts'
import { readGguf } from './header.ts'
import { Keys } from './keys.ts'
import { factorsName, ggufName, interleavedRow, isInterleaved } from './names.ts'
import { ggufTypes, type GgufHeader, type GgufTensor } from './types.ts'
import { vocabularyOf } from './vocabulary.ts'

export interface GgufImport {
  readonly file: string
  /** Folder to write. */
  readonly output: string
  /** Weights on disk; as they are where they are plain, else float16, unless said. */
  readonly dtype?: StoredTensor['dtype'] | undefined
  /** Weights that were written, of how many. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined
}

export interface GgufImported {
  readonly architecture: string
  readonly parameters: number
  /** How the weights were stored, and are now. */
  readonly from: readonly string[]
  readonly to: readonly string[]
}

/** Weights that are in memory at a time: whole blocks of every type, or a head. */
const pieceSize = 1 << 20
const largestHead = 1 << 26

/**
 * Writes a GGUF file's model as a Hugging Face folder: config, tokenizer with its chat template, and safetensors.
 * The config comes last, so a folder with one is complete.
 * @throws ModelError `gguf-invalid`, `gguf-unsupported`, `weights-…`, `model-unsupported`
 */
export function importGguf({ file, output, dtype, onProgress }: GgufImport): GgufImported {
  const header = readGguf(file)
  const keys = new Keys(header)
  const kind = keys.text('general.type') ?? 'model'
  // [unsupported] The file is a model, and all of it.
  if (kind !== 'model') throw keys.refuse(`it holds no model but: ${kind.slice(0, 40)}`)
  if ((keys.number('split.count') ?? 1) > 1)
    throw keys.refuse('it is one part of several', 'Join them first: llama-gguf-split --merge.')
  const vocabulary = vocabularyOf(keys)
  const fd = openSync(file, 'r')
  try {
    const { json, config } = configOf(keys, {
      vocabulary: vocabulary.size,
      head: header.tensors.has('output.weight'),
      attentionBias: header.tensors.has('blk.0.attn_q.bias'),
      mlpBias: header.tensors.has('blk.0.ffn_gate.bias'),
      factors: factorsIn(header, fd),
      ids: vocabulary.ids
    })
    // [unsupported] A head, which is turned as a whole, is no larger than any model's a hundred times over.
    if (config.headWidth * config.hidden > largestHead)
      throw keys.refuse(`heads of ${config.headWidth} are not supported`)
    const found = locate(header, config)
    const total = [...found.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
    let done = 0
    const tensors = [...found].map(([name, tensor]): PiecedTensor => ({
      name,
      shape: tensor.shape,
      dtype: dtype ?? plainOf(tensor),
      *pieces() {
        for (const piece of piecesOf(fd, tensor, isInterleaved(config, name) ? config.headWidth : undefined, file)) {
          yield piece
          done += piece.length
          onProgress?.(done, total)
        }
      }
    }))
    mkdirSync(output, { recursive: true })
    writePieces(join(output, 'model.safetensors'), tensors)
    const put = (name: string, value: unknown): void => {
      const path = join(output, name)
      writeFileSync(`${path}.part`, `${JSON.stringify(value, undefined, 2)}\n`, { flush: true })
      renameSync(`${path}.part`, path)
    }
    put('tokenizer.json', vocabulary.tokenizer)
    put('tokenizer_config.json', { ...vocabulary.config, model_max_length: config.context })
    put('config.json', json)
    const kinds = (names: Iterable<string>): string[] => [...new Set(names)]
    return {
      architecture: config.architecture,
      parameters: total,
      from: kinds([...found.values()].map(({ type }) => type.name)),
      to: kinds(tensors.map(({ dtype }) => dtype))
    }
  } finally {
    closeSync(fd)
  }
}

const plainOf = ({ type: { name } }: GgufTensor): StoredTensor['dtype'] =>
  name === 'F32' || name === 'BF16' ? name : 'F16'

/** The tensors of a model by their names here, each of the shape that the keys give it; nothing else may be there. */
function locate({ file, tensors }: GgufHeader, config: ModelConfig): Map<string, GgufTensor> {
  const left = new Set([...tensors.keys()].filter(name => name !== factorsName))
  const found = new Map<string, GgufTensor>()
  for (const { name, shape } of parameterSpecs(config)) {
    const there = ggufName(name)
    const tensor = tensors.get(there)
    // [reject] Every parameter of the architecture is there, in the shape that the keys say.
    if (tensor === undefined) throw new ModelError('weights-missing', `${file}: tensor ${there} is missing`)
    if (tensor.shape.join() !== shape.join())
      throw new ModelError(
        'weights-mismatch',
        `${file}: tensor ${there} is [${tensor.shape.join(', ')}], its keys want [${shape.join(', ')}]`
      )
    found.set(name, tensor)
    left.delete(there)
  }
  const [stray] = left
  // [unsupported] A tensor that is not known may be one that the model needs.
  if (stray !== undefined)
    throw new ModelError(
      'gguf-unsupported',
      `${file}: tensor ${stray.slice(0, 80)}, which is not known, is not supported`,
      { help: 'Take another model, or this one as a folder of safetensors.' }
    )
  return found
}

function factorsIn({ tensors, file }: GgufHeader, fd: number): Float32Array | undefined {
  const tensor = tensors.get(factorsName)
  if (tensor === undefined) return undefined
  const [length = 0] = tensor.shape
  if (tensor.shape.length !== 1 || length > 2 ** 16 || tensor.type !== ggufTypes.F32)
    throw new ModelError('gguf-invalid', `${file}: ${factorsName} is no list of factors`)
  return readPiece(fd, tensor, 0, length, file)
}

/** A tensor's weights in order; where heads are interleaved, a head or several at a time, put right. */
function* piecesOf(
  fd: number,
  tensor: GgufTensor,
  headWidth: number | undefined,
  file: string
): Generator<Float32Array> {
  const count = tensor.shape.reduce((a, b) => a * b, 1)
  const columns = headWidth === undefined ? 1 : count / (tensor.shape[0] ?? 1)
  const unit = headWidth === undefined ? 1 : headWidth * columns
  const size = Math.max(1, Math.floor(pieceSize / unit)) * unit
  for (let first = 0; first < count; first += size) {
    const piece = readPiece(fd, tensor, first, Math.min(size, count - first), file)
    yield headWidth === undefined ? piece : deinterleaved(piece, headWidth, columns)
  }
}

function deinterleaved(piece: Float32Array, headWidth: number, columns: number): Float32Array {
  const out = new Float32Array(piece.length)
  for (let row = 0; row < piece.length / columns; row++) {
    const from = interleavedRow(row, headWidth) * columns
    out.set(piece.subarray(from, from + columns), row * columns)
  }
  return out
}

/** Weights from the first-th on, which begins a block, as many as whole blocks have. */
function readPiece(fd: number, tensor: GgufTensor, first: number, count: number, file: string): Float32Array {
  const { name, type } = tensor
  const bytes = Buffer.alloc((count / type.block) * type.bytes)
  const from = tensor.offset + (first / type.block) * type.bytes
  const damaged = (what: string): ModelError => new ModelError('weights-invalid', `${file}: tensor ${name} ${what}`)
  for (let done = 0; done < bytes.length;) {
    const got = readSync(fd, bytes, done, bytes.length - done, from + done)
    if (got === 0) throw damaged('ends after the file')
    done += got
  }
  const out = new Float32Array(count)
  unpack[type.name](bytes, out)
  // [reject] Weights are numbers, and of those that float16 can have where they become that.
  for (let i = 0; i < count; i++)
    if (!(Math.abs(out[i] as number) <= largestWeight)) throw damaged('holds something that is no weight')
  return out
}

/** The largest float16; a trained model's largest weights are some hundred. */
const largestWeight = 65_504
