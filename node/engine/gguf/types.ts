/** How weights lie in a GGUF file: in blocks of so many along a row, each of so many bytes. */
export interface GgufType {
  readonly name: string
  readonly id: number
  /** Weights of a block. */
  readonly block: number
  /** Its bytes. */
  readonly bytes: number
}

/** What can be read; numbers are the format's own (ggml_type). */
export const ggufTypes = {
  F32: { name: 'F32', id: 0, block: 1, bytes: 4 },
  F16: { name: 'F16', id: 1, block: 1, bytes: 2 },
  Q4_0: { name: 'Q4_0', id: 2, block: 32, bytes: 18 },
  Q4_1: { name: 'Q4_1', id: 3, block: 32, bytes: 20 },
  Q5_0: { name: 'Q5_0', id: 6, block: 32, bytes: 22 },
  Q5_1: { name: 'Q5_1', id: 7, block: 32, bytes: 24 },
  Q8_0: { name: 'Q8_0', id: 8, block: 32, bytes: 34 },
  Q4_K: { name: 'Q4_K', id: 12, block: 256, bytes: 144 },
  Q5_K: { name: 'Q5_K', id: 13, block: 256, bytes: 176 },
  Q6_K: { name: 'Q6_K', id: 14, block: 256, bytes: 210 },
  BF16: { name: 'BF16', id: 30, block: 1, bytes: 2 }
} as const satisfies Record<string, GgufType>
export type GgufTypeName = keyof typeof ggufTypes

const byId: ReadonlyMap<number, (typeof ggufTypes)[GgufTypeName]> = new Map(
  Object.values(ggufTypes).map(type => [type.id, type])
)
export const ggufTypeOf = (id: number) => byId.get(id)

/** Those that cannot, by the names that people know, so that a refusal can say them. */
export const otherTypes: Readonly<Record<number, string>> = {
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4'
}

export type GgufValue = number | bigint | boolean | string | readonly (number | bigint | boolean | string)[]

export interface GgufTensor {
  readonly name: string
  readonly type: (typeof ggufTypes)[GgufTypeName]
  /** As in safetensors, the longest stride first: [out, in]. The file has it the other way round. */
  readonly shape: readonly number[]
  /** Byte offset in the file, and length in bytes. */
  readonly offset: number
  readonly length: number
}

/** A GGUF file but for its weights. */
export interface GgufHeader {
  readonly file: string
  readonly metadata: ReadonlyMap<string, GgufValue>
  readonly tensors: ReadonlyMap<string, GgufTensor>
}
