/** Protocol buffer writing, as much as ONNX needs: varints, length-delimited fields, 32-bit floats. */
export class ProtobufWriter {
  readonly #chunks: Uint8Array[] = []
  #length = 0

  #push(bytes: Uint8Array): this {
    this.#chunks.push(bytes)
    this.#length += bytes.length
    return this
  }

  #varint(value: bigint): this {
    const bytes: number[] = []
    let rest = BigInt.asUintN(64, value)
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    bytes.push(Number(rest))
    return this.#push(Uint8Array.from(bytes))
  }

  int(field: number, value: number | bigint): this {
    return this.#varint(BigInt(field << 3)).#varint(BigInt(value))
  }

  float(field: number, value: number): this {
    return this.#varint(BigInt((field << 3) | 5)).#push(new Uint8Array(Float32Array.of(value).buffer))
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#varint(BigInt((field << 3) | 2))
      .#varint(BigInt(value.length))
      .#push(value)
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value))
  }

  message(field: number, write: (writer: ProtobufWriter) => void): this {
    const inner = new ProtobufWriter()
    write(inner)
    return this.bytes(field, inner.finish())
  }

  finish(): Uint8Array {
    const all = new Uint8Array(this.#length)
    let offset = 0
    for (const chunk of this.#chunks) {
      all.set(chunk, offset)
      offset += chunk.length
    }
    return all
  }
}
