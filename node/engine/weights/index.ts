export * from './numbers.ts'
export * from './nf4.ts'
export * from './random.ts'
export * from './safetensors.ts'
