export * from './server.ts'
export * from './openai.ts'
