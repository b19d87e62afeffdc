export * from './adapter.ts'
export * from './peft.ts'
export * from './transform.ts'
export * from './stack.ts'
