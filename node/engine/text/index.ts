export * from './tokenizer.ts'
export * from './chat.ts'
export * from './stream.ts'
