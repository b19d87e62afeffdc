export { KernelDecoder, type Sequence } from './decoder.ts'
export { kernelsTake } from './pack.ts'
