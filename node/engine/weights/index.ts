export * from './numbers.ts'
export * from './random.ts'
export * from './safetensors.ts'
