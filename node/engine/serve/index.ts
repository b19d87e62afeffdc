export * from './score.ts'
export * from './sampling.ts'
export * from './cache.ts'
export * from './generator.ts'
