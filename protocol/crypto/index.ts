export * from './statements.ts'
export * from './digest.ts'
export * from './sign.ts'
export * from './schema.ts'
